//! The lab: for each workload a gate in a real Envoy on loopback, each with its own certificate; whole instances, and every
//! attempt to leave the workflow that can be made in a minute or so.
//!
//! The crate `stepgate_reference` says what each answer should be. It reads the document and shares no code with the
//! decision.

mod attack;
mod attack_context;
mod attempt;
mod circumstances;
mod clocks;
mod coverage;
mod error;
mod existing_mesh;
mod expected;
mod failures;
mod filter;
mod fixture;
mod gate_setup;
mod guide;
mod json;
mod matrix;
mod plan;
mod progress;
mod random;
mod report;
mod runner;
mod sample;
mod shell;
mod table;
mod tables;
#[cfg(test)]
mod tests;
mod time;
mod transport;
mod unreached;
mod walk;
mod workloads;

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use circumstances::Circumstances;
use fixture::Fixture;
use plan::Plan;
use report::Report;
use stepgate_mesh::{Clock, Mesh, MeshError};
use transport::Transport;

pub use error::LabError;
pub use existing_mesh::{Call, Caller, Deployed, ExistingMesh, Findings, Reply, Tried, put_to};
pub use gate_setup::EXEMPT_PATH;
pub use stepgate_config::jwk::Algorithm;

/// What to try, and how to report it.
#[derive(Debug, Clone)]
pub struct Options {
    /// The document's text.
    pub document: Vec<u8>,
    /// Its name, to say how to repeat wrong answers.
    pub name: String,
    /// The arguments that repeat the run, besides the name and the seed.
    pub arguments: Vec<String>,
    /// Workloads of each SPIFFE ID of each actor.
    pub replicas: usize,
    /// The algorithm with which gates sign: one secret for all, or a key pair for each actor.
    pub algorithm: Algorithm,
    /// Decides which attempts are made if there are too many; random if it is left out.
    pub seed: Option<u64>,
    /// Run the whole instances again, by clocks that differ by this much.
    pub skew: Option<Duration>,
    /// The time of all gates when the lab begins, in seconds since 1970. Without it, this machine's.
    pub time: Option<u64>,
    /// The shared object of `tools/clock`, an absolute path, if any clock is to differ.
    pub clock: PathBuf,
    /// Headers of every request that is a task, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Parameters of the query of every request that is a task, each as `NAME=VALUE`.
    pub query: Vec<String>,
    /// What no instance reaches fails the run.
    pub strict: bool,
    /// The filter.
    pub module: PathBuf,
    /// Leave the mesh running until interrupted, and print curl commands.
    pub keep: bool,
    /// Only walk whole instances, and attack nothing.
    pub walk_only: bool,
    /// Time for all Envoys to be ready; [`MeshSpec::ready_timeout`](stepgate_mesh::MeshSpec) has the default.
    pub ready_timeout: Option<Duration>,
    /// List each kind of attempt, also those of which every one was stopped.
    pub all_rows: bool,
    /// Every case as JSON, instead of tables.
    pub json: bool,
    /// Whether tables may be coloured.
    pub colour: bool,
}

/// Runs the lab. True: every answer was what the document says and, if it is strict, instances reached everything.
///
/// # Errors
/// If nothing could be tried.
pub fn run(options: &Options) -> Result<bool, LabError> {
    filter::look_at(&options.module)?;
    let mut fixture = Fixture::of(&options.document, options.replicas, options.algorithm)?;
    fixture.circumstances = Circumstances::of(options.time, options.headers.clone(), &options.query);
    // A seed that is short enough to be typed.
    let seed = match options.seed {
        Some(seed) => seed,
        None => random::number()? & 0xff_ffff,
    };
    let plan = Plan::of(&fixture, seed);
    let chosen = if options.walk_only { Vec::new() } else { plan.chosen() };
    let mut coverage = plan.coverage(&chosen);
    let progress = progress::Progress::new();
    let begun = std::time::Instant::now();
    progress.say(&fixture.introduction());
    if !options.walk_only && !coverage.whole() {
        let (tried, planned) = (coverage::grouped(coverage.tried), coverage::grouped(coverage.planned));
        progress.say(&format!("trying {tried} of {planned} attempts (seed {seed})"));
    }
    let mut spec = fixture.mesh(&options.module);
    spec.ready_timeout = options.ready_timeout;
    let (asked, waits) = (options.skew.is_some() || options.time.is_some(), time::waits(&fixture.workflow));
    if asked || (waits && options.clock.is_file()) {
        let ahead = fixture.circumstances.nanoseconds();
        spec.clock = Some(Clock { object: options.clock.clone(), ahead });
    }
    let shifted = spec.clock.is_some();
    let mesh = Mesh::start_with(spec, |step| {
        progress.step("Envoys ready", step.ready, step.of);
    })?;
    let ready = begun.elapsed();
    let shifts = shifted
        && match time::set(&fixture, &mesh) {
            // Only `after` asks for it, and this Envoy is one whose clock cannot be set.
            Err(LabError::Mesh(MeshError::NoClock)) if !asked => false,
            set => set.map(|()| true)?,
        };
    if waits && !shifts {
        progress.say("the clocks cannot be set, so no instance waits for `after`: `--clock` names what sets them");
    }
    let transport = Transport::new(&fixture, &mesh, shifts);
    let mut walks = walk::all(&fixture, &transport)?;
    if let Some(by) = options.skew {
        walks.extend(clocks::walks(&fixture, &transport, &mesh, by)?);
    }
    let cases = runner::all(&plan, &chosen, &transport, &progress)?;
    progress.done();
    for case in &cases {
        if let Some(code) = case.untried {
            coverage.note_untried(code, plan.is_attack(case.number));
        }
    }
    let (name, arguments, whole) = (options.name.clone(), options.arguments.clone(), begun.elapsed());
    let report = Report { fixture: &fixture, walks, cases, coverage, seed, name, arguments, ready, whole };
    print(&if options.json { json::json(&report) } else { report.tables(options.colour, options.all_rows) })?;
    if options.keep {
        print(&format!("{}{}", guide::curl_lines(&fixture, &mesh)?, failures::curl_lines(&report, &mesh)))?;
        mesh.keep_until_interrupted()?;
    }
    Ok(report.all_right() && (!options.strict || report.unreached().is_empty()))
}

fn print(text: &str) -> Result<(), LabError> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}
