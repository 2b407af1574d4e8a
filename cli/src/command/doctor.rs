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
use stepgate_doctor::{Endpoint, EndpointError, ExpectedState, Kind, Report};

/// The time between two checks with `--wait`.
const POLL: Duration = Duration::from_secs(1);

/// Checks whether every workload of a workflow has the right gate and nothing past it: revisions, digest, level, mode,
/// keys, exemptions, interlock, mTLS, module, listeners and filters after the gate; and whether requests bypassed it.
///
/// It only reads: the admin interfaces of Envoys, and istiod's debug interface. It prints each finding with what to do
/// about it. Keys are named by their `kid`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Args {
    /// Workflow documents, or the gate's configuration that should be in force; `-`: standard input. Without a file, the
    /// gates are compared with each other
    files: Vec<PathBuf>,
    /// An Envoy's admin interface, such as `vfx-1=http://127.0.0.1:15000`, also without a name; may be given several times
    #[arg(long, value_name = "[NAME=]URL", value_parser = named)]
    admin: Vec<(String, Endpoint)>,
    /// istiod's debug interface, such as `http://127.0.0.1:15014`: the configuration that the proxies are sent
    #[arg(long, value_name = "URL")]
    istiod: Option<Endpoint>,
    /// The version that the module should have
    #[arg(long, value_name = "VERSION", default_value = env!("CARGO_PKG_VERSION"))]
    module_version: String,
    /// Check again until there is no finding, at most for this time, such as `60s`: a change takes a moment to arrive
    #[arg(long, value_name = "DURATION", value_parser = time::parse_duration)]
    wait: Option<Duration>,
    /// Leave out kinds of findings that are intended, such as `NO_MTLS,NO_INTERLOCK` while gates only observe
    #[arg(long, value_name = "FINDING", value_parser = kinds(), value_delimiter = ',', hide_possible_values = true)]
    except: Vec<Kind>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// A proxy without a name has that of its URL.
fn named(text: &str) -> Result<(String, Endpoint), EndpointError> {
    match text.split_once('=') {
        Some((name, url)) => Ok((name.to_owned(), url.parse()?)),
        None => Ok((text.to_owned(), text.parse()?)),
    }
}

/// The kinds of findings, which completions offer.
fn kinds() -> impl TypedValueParser<Value = Kind> {
    PossibleValuesParser::new(Kind::CODES).try_map(|code| code.parse::<Kind>())
}

pub(super) fn run(args: &Args) -> Result<Answer, CommandError> {
    if args.admin.is_empty() && args.istiod.is_none() {
        return Err(CommandError::usage("no proxy to check: give `--admin` or `--istiod`").help(
            "`--admin http://127.0.0.1:15000` checks the Envoy at a port-forward to its pod, with the module, keys and \
             requests that only it knows; `--istiod http://127.0.0.1:15014` checks the configuration that istiod has \
             sent to every proxy. Without a file, the documents in the gates are taken",
        ));
    }
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

/// What the files say: one configuration of a gate, or any number of documents.
fn expected(args: &Args) -> Result<ExpectedState, CommandError> {
    let version = args.module_version.clone();
    let mut documents = Vec::new();
    for file in &args.files {
        let source = Source::read(file)?;
        match stepgate_config::read(&source.text).into_result() {
            Ok((Checked::Workflow(workflow), _)) => documents.push((source.name, workflow)),
            Ok((Checked::Gate(gate), _)) if args.files.len() == 1 => {
                return Ok(ExpectedState::of_gate(&source.name, gate, version));
            }
            Ok((Checked::Gate(_), _)) => {
                let several = format!("`{}` is a gate's configuration, and there are other files", source.name);
                return Err(CommandError::usage(several).help("give one configuration, or documents only"));
            }
            Err(found) => return Err(source.reject(&found)),
        }
    }
    Ok(match documents.is_empty() {
        true => ExpectedState::of_the_gates(version),
        false => ExpectedState::of_workflows(documents, version),
    })
}
