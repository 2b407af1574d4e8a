//! `stepgate doctor`: compares the gates in a mesh with the gates that a workflow requires.

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use stepgate_config::Checked;

use super::answer::{Answer, EXIT_CODES};
use super::error::CommandError;
use super::source::Source;
use super::{output, time};
use stepgate_doctor::{Endpoint, ExpectedState, Kind, Report};

/// The time between two checks with `--wait`.
const POLL: Duration = Duration::from_secs(1);

/// Checks whether every workload of a workflow has the right gate: revision, digest, mode, keys, mTLS and module; and
/// whether requests bypassed it.
///
/// It only reads: the admin interfaces of Envoys, and istiod's debug interface. It prints each finding with what to do
/// about it. Keys are named by their `kid`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Args {
    /// A workflow document, or the gate's configuration that should be in force; `-`: standard input
    file: PathBuf,
    /// An Envoy's admin interface, such as `vfx-1=http://127.0.0.1:15000`; may be given several times
    #[arg(long, value_name = "NAME=URL", value_parser = named)]
    admin: Vec<(String, Endpoint)>,
    /// istiod's debug interface, such as `http://127.0.0.1:15014`: the configuration that the proxies are sent
    #[arg(long, value_name = "URL", required_unless_present = "admin")]
    istiod: Option<Endpoint>,
    /// The version that the module should have
    #[arg(long, value_name = "VERSION", default_value = env!("CARGO_PKG_VERSION"))]
    module_version: String,
    /// Check again until there is no finding, at most for this time, such as `60s`: a change takes a moment to arrive
    #[arg(long, value_name = "DURATION", value_parser = time::parse_duration)]
    wait: Option<Duration>,
    /// Leave out a kind of finding that is intended, such as `NO_MTLS` while gates only observe; may be given several times
    #[arg(long, value_name = "FINDING", value_parser = kinds(), hide_possible_values = true)]
    except: Vec<Kind>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// A text that is not `NAME=URL`.
#[derive(Debug, thiserror::Error)]
enum AdminError {
    #[error("give a name and a URL, as in `vfx-1=http://127.0.0.1:15000`")]
    NoName,
    #[error(transparent)]
    Url(#[from] stepgate_doctor::EndpointError),
}

fn named(text: &str) -> Result<(String, Endpoint), AdminError> {
    let (name, url) = text.split_once('=').ok_or(AdminError::NoName)?;
    Ok((name.to_owned(), url.parse()?))
}

/// The kinds of findings, which completions offer.
fn kinds() -> impl TypedValueParser<Value = Kind> {
    PossibleValuesParser::new(Kind::CODES).try_map(|code| code.parse::<Kind>())
}

pub(super) fn run(args: &Args) -> Result<Answer, CommandError> {
    let expected = expected(args)?;
    let report = examine(args, &expected)?;
    output::print_as(args.json, &report, || report.table(&output::escape))?;
    Ok(Answer::of(report.is_clean()))
}

/// The last report. While the command waits, it prints on the standard error for what.
fn examine(args: &Args, expected: &ExpectedState) -> Result<Report, CommandError> {
    let begun = Instant::now();
    let mut printed = None;
    loop {
        let report = stepgate_doctor::examine(expected, &args.admin, args.istiod.as_ref());
        let report = report.map(|report| report.without(&args.except));
        let over = args.wait.is_none_or(|wait| begun.elapsed() >= wait);
        let reason = match report {
            Err(error) if over => return Err(CommandError::failed(output::escape(&error.to_string()))),
            Ok(report) if over || report.is_clean() => return Ok(report),
            Ok(report) => output::count(report.count(), "finding"),
            Err(error) => output::escape(&error.to_string()),
        };
        if printed.as_ref() != Some(&reason) {
            output::note(&format!("waiting: {reason}"));
            printed = Some(reason);
        }
        thread::sleep(POLL);
    }
}

fn expected(args: &Args) -> Result<ExpectedState, CommandError> {
    let source = Source::read(&args.file)?;
    let version = args.module_version.clone();
    match stepgate_config::read(&source.text).into_result() {
        Ok((Checked::Workflow(workflow), _)) => Ok(ExpectedState::of_workflow(workflow, version)),
        Ok((Checked::Gate(gate), _)) => Ok(ExpectedState::of_gate(&gate, version)),
        Err(found) => Err(source.reject(&found)),
    }
}
