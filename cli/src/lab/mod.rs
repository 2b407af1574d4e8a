//! The lab: one real Envoy an actor on loopback, each with its own certificate and the gate, and every
//! attempt to leave the workflow that can be tried in a minute or so.
//!
//! What an answer should be is read from the document by [`expectation`], which knows nothing of the
//! decision's code; what its code should be is asked of the decision itself, run natively.

mod attempt;
mod expectation;
mod filter;
mod guide;
mod journey;
mod oracle;
mod plan;
mod report;
mod setting;
mod style;
mod table;
mod trial;

use std::fmt;
use std::path::PathBuf;

use crate::mesh::{Mesh, MeshError};
use plan::Plan;
use report::Report;
use setting::Setting;

/// What to try, and how to say it.
#[derive(Debug, Clone)]
pub struct Options {
    /// The document's text.
    pub document: Vec<u8>,
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
            Self::Output(error) => write!(f, "cannot write the answer: {error}"),
        }
    }
}

impl std::error::Error for LabError {}

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
    let setting = Setting::of(&options.document)?;
    let plan = Plan::of(&setting);
    let progress = style::Progress::new();
    let begun = std::time::Instant::now();
    progress.say(&setting.introduction());
    if plan.tried() < plan.planned() {
        progress.say(&format!("trying {}", report::tried(plan.tried(), plan.planned())));
    }
    let mesh = Mesh::start_with(setting.mesh(&options.module), |step| {
        progress.step("Envoys ready", step.ready, step.of);
    })?;
    let ready = begun.elapsed();
    let journeys = journey::all(&setting, &mesh, &progress)?;
    let trials = trial::all(&setting, &mesh, &plan, &progress)?;
    progress.done();
    let report = Report { setting: &setting, journeys, trials, planned: plan.planned(), ready, whole: begun.elapsed() };
    let text = if options.json { report.json() } else { report.tables(options.colour) };
    style::print(&text).map_err(LabError::Output)?;
    if options.keep {
        style::print(&guide::curl_lines(&setting, &mesh)?).map_err(LabError::Output)?;
        mesh.keep_until_interrupted()?;
    }
    Ok(report.all_right())
}
