//! The lab: for each workload a gate in a real Envoy on loopback, each with its own certificate, and every
//! attempt to leave the workflow that can be tried in a minute or so.
//!
//! What an answer should be is read from the document by [`expectation`], which knows nothing of the
//! decision's code; what its code should be is asked of the decision itself, run natively.

mod attack;
mod attempt;
mod cast;
mod coverage;
mod expectation;
mod filter;
mod given;
mod grid;
mod guide;
mod journey;
mod json;
mod jws;
mod oracle;
mod plan;
mod post;
mod report;
mod sample;
mod scene;
mod setting;
mod style;
mod table;
#[cfg(test)]
mod tests;
mod trial;
mod wire;
mod wrong;

use std::fmt;
use std::path::PathBuf;

use stepgate_decision::keys::Algorithm;

use plan::Plan;
use report::Report;
use setting::Setting;
use stepgate_mesh::{Mesh, MeshError};
use stepgate_render::jwk::GenerateError;
use wire::Wire;

pub use given::{Call, Caller, Findings, Given, Reply, Site, Tried, put_to};
pub use setting::EXEMPT_PATH;

/// What to try, and how to say it.
#[derive(Debug, Clone)]
pub struct Options {
    /// The document's text.
    pub document: Vec<u8>,
    /// What it is called, to say how to repeat what went wrong.
    pub name: String,
    /// Workloads of each SPIFFE ID of each actor.
    pub replicas: usize,
    /// With what gates sign: one secret for all, or a key pair for each actor.
    pub algorithm: Algorithm,
    /// Decides which attempts are made where there are too many; drawn, where there is none.
    pub seed: Option<u64>,
    /// The filter.
    pub module: PathBuf,
    /// Leave the mesh running until interrupted, with ready-made curl lines.
    pub keep: bool,
    /// Every case as JSON, instead of tables.
    pub json: bool,
    /// Whether tables may be coloured.
    pub colour: bool,
}

/// Why nothing could be tried.
#[derive(Debug)]
pub enum LabError {
    /// The document has errors.
    Document(Vec<stepgate_config::Diagnostic>),
    /// The text is no workflow document.
    NotADocument,
    /// The gate's configuration around it could not be made.
    Gate(String),
    /// There is no module at this path.
    NoModule(PathBuf),
    /// What is at this path is no filter of ours.
    NoFilter(PathBuf),
    /// The mesh.
    Mesh(MeshError),
    /// The gates that were there already could not be called.
    Site(String),
    /// The answer could not be written.
    Output(std::io::Error),
}

impl fmt::Display for LabError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Document(_) => write!(f, "the document has errors"),
            Self::NotADocument => write!(f, "the lab runs a workflow document, and this is a gate's configuration"),
            Self::Gate(why) => write!(f, "no gate can be made of this document: {why}"),
            Self::NoModule(path) => write!(f, "there is no filter at `{}`: run `make filter`", path.display()),
            Self::NoFilter(path) => write!(f, "`{}` is no Stepgate filter: run `make filter`", path.display()),
            Self::Mesh(error) => error.fmt(f),
            Self::Site(why) => write!(f, "{why}"),
            Self::Output(error) => write!(f, "cannot write the answer: {error}"),
        }
    }
}

impl std::error::Error for LabError {}

impl From<GenerateError> for LabError {
    fn from(error: GenerateError) -> Self {
        Self::Gate(error.to_string())
    }
}

impl From<MeshError> for LabError {
    fn from(error: MeshError) -> Self {
        Self::Mesh(error)
    }
}

/// Runs the lab. True: every answer was what the document says.
///
/// # Errors
/// Where nothing could be tried.
pub fn run(options: &Options) -> Result<bool, LabError> {
    filter::look_at(&options.module)?;
    let setting = Setting::of(&options.document, options.replicas, options.algorithm)?;
    let plan = Plan::of(&setting, options.seed.map_or_else(draw_seed, Ok)?);
    let chosen = plan.chosen();
    let coverage = plan.coverage(&chosen);
    let progress = style::Progress::new();
    let begun = std::time::Instant::now();
    progress.say(&setting.introduction());
    if !coverage.whole() {
        let (tried, planned) = (coverage::grouped(coverage.tried), coverage::grouped(coverage.planned));
        progress.say(&format!("trying {tried} of {planned} attempts (seed {})", plan.seed));
    }
    let mesh = Mesh::start_with(setting.mesh(&options.module), |step| {
        progress.step("Envoys ready", step.ready, step.of);
    })?;
    let ready = begun.elapsed();
    let wire = Wire::new(&setting, &mesh);
    let journeys = journey::all(&setting, &wire, &progress)?;
    let trials = trial::all(&plan, &chosen, &wire, &progress)?;
    progress.done();
    let (seed, name, whole) = (plan.seed, options.name.clone(), begun.elapsed());
    let report = Report { setting: &setting, journeys, trials, coverage, seed, name, ready, whole };
    let text = if options.json { json::json(&report) } else { report.tables(options.colour) };
    style::print(&text).map_err(LabError::Output)?;
    if options.keep {
        let lines = format!("{}{}", guide::curl_lines(&setting, &mesh)?, wrong::curl_lines(&report, &mesh));
        style::print(&lines).map_err(LabError::Output)?;
        mesh.keep_until_interrupted()?;
    }
    Ok(report.all_right())
}

/// A seed that is short enough to be typed.
fn draw_seed() -> Result<u64, LabError> {
    let drawn = stepgate_render::jwk::random()?;
    let [one, two, three, ..] = drawn;
    Ok(u64::from_be_bytes([0, 0, 0, 0, 0, one, two, three]))
}
