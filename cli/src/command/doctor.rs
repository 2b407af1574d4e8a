//! `stepgate doctor`: whether the gates in a mesh are the ones that a workflow needs.

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use stepgate_config::{Checked, MAX_INPUT};

use super::failure::{Answer, EXIT_CODES, Failure};
use super::input::{self, Input};
use super::{output, subject, time};
use stepgate_doctor::{Kind, Place, Report, Wanted};

/// Between two looks, while there is still a gap.
const POLL: Duration = Duration::from_secs(1);

/// Asks proxies whether every workload of a workflow has the right gate: revision, digest, mode, keys, mTLS
/// and module; and whether requests got past it.
///
/// It only reads: the admin interfaces of Envoys, and istiod's debug interface. What is wrong is said with
/// what to do about it; keys are named by their `kid`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Args {
    /// A workflow document, or the gate's configuration that should be in force; `-`: the standard input
    file: PathBuf,
    /// An Envoy's admin interface, such as `vfx-1=http://127.0.0.1:15000`; as often as there are
    #[arg(long, value_name = "NAME=URL", value_parser = named)]
    admin: Vec<(String, Place)>,
    /// istiod's debug interface, such as `http://127.0.0.1:15014`: what the proxies are sent
    #[arg(long, value_name = "URL", value_parser = Place::read, required_unless_present = "admin")]
    istiod: Option<Place>,
    /// The version that the module should have
    #[arg(long, value_name = "VERSION", default_value = env!("CARGO_PKG_VERSION"))]
    module_version: String,
    /// Ask again until there is no gap, for so long at most, such as `60s`: after a change, until it has arrived
    #[arg(long, value_name = "DURATION", value_parser = time::parse_duration)]
    wait: Option<Duration>,
    /// A kind of gap that is as it should be, such as `NO_MTLS` while gates only observe; as often as there are
    #[arg(long, value_name = "GAP", hide_possible_values = true)]
    except: Vec<Kind>,
    /// Print what was found as JSON
    #[arg(long)]
    json: bool,
}

fn named(text: &str) -> Result<(String, Place), String> {
    let (name, url) = text.split_once('=').ok_or("a name and a URL, as in `vfx-1=http://127.0.0.1:15000`")?;
    Ok((name.to_owned(), Place::read(url)?))
}

pub(super) fn run(args: &Args) -> Result<Answer, Failure> {
    let wanted = wanted(args)?;
    let report = look(args, &wanted)?;
    if args.json {
        output::say_json(&report)?;
    } else {
        output::say(&report.table(&output::plain))?;
    }
    Ok(Answer::of(report.is_clean()))
}

/// What was found in the end. While it waits, it says on the standard error what for.
fn look(args: &Args, wanted: &Wanted) -> Result<Report, Failure> {
    let begun = Instant::now();
    let mut said = None;
    loop {
        let report = stepgate_doctor::examine(wanted, args.admin.clone(), args.istiod.as_ref());
        let report = report.map(|report| report.without(&args.except));
        let over = args.wait.is_none_or(|wait| begun.elapsed() >= wait);
        match report {
            Err(why) if over => return Err(Failure::impossible(output::plain(&why))),
            Ok(report) if over || report.is_clean() => return Ok(report),
            Ok(report) => tell(&mut said, &format!("waiting: {}", output::count(report.count(), "gap"))),
            Err(why) => tell(&mut said, &format!("waiting: {}", output::plain(&why))),
        }
        thread::sleep(POLL);
    }
}

/// Each thing once.
fn tell(said: &mut Option<String>, line: &str) {
    if said.as_deref() != Some(line) {
        output::show(&format!("{line}\n"));
        *said = Some(line.to_owned());
    }
}

fn wanted(args: &Args) -> Result<Wanted, Failure> {
    let name = input::name_of(&args.file);
    let text = match input::read(&args.file, MAX_INPUT)? {
        Input::Whole(text) => text,
        Input::TooLarge => return Err(subject::too_large(&name)),
    };
    let outcome = stepgate_config::read(&text);
    let diagnostics = outcome.diagnostics.clone();
    let version = args.module_version.clone();
    match outcome.into_result() {
        Ok((Checked::Workflow(workflow), _)) => Ok(Wanted::of_workflow(workflow, version)),
        Ok((Checked::Gate(gate), _)) => Ok(Wanted::of_gate(&gate, version)),
        Err(_) => Err(subject::show(&diagnostics, &text, &name)),
    }
}
