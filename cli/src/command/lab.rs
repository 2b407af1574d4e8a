//! `stepgate lab`: tests a document on real Envoys.

use std::path::PathBuf;
use std::time::Duration;

use super::answer::{Answer, EXIT_CODES};
use super::argument::{algorithms, header};
use super::error::CommandError;
use super::output;
use super::source::Source;
use super::time;
use stepgate_config::duration;
use stepgate_decision::UnixTime;
use stepgate_decision::keys::Algorithm;
use stepgate_lab::{LabError, Options};

/// Headers that the lab, or the connection, writes itself, besides the step.
const OWN: [&str; 7] = ["connection", "content-length", "host", "te", "trailer", "transfer-encoding", "upgrade"];

/// Tests a workflow on real Envoys: one for each workload, at most 16 in total.
///
/// It runs whole instances along the workflow. Then it tries everything that the document forbids: each step from every
/// workload to every workload, and each attack on each transition. Of more than 50000 attempts a seed selects that many.
/// Each response is compared with the one that an independent reading of the document requires. The report also lists
/// what no instance reached, and what the document allows one instance and perhaps is not meant to.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Args {
    /// A workflow document, YAML or JSON; `-`: standard input
    file: PathBuf,
    /// Keep the Envoys running until interrupted, and print curl commands for them
    #[arg(long)]
    keep: bool,
    /// Only run whole instances, without attacks
    #[arg(long)]
    walk_only: bool,
    /// List every kind of attempt, also those of which every one was stopped
    #[arg(long, conflicts_with = "json")]
    all_rows: bool,
    /// The longest time until all Envoys are ready, such as `2m` [default: 20 s and 5 s for each gate]
    #[arg(long, value_name = "DURATION", value_parser = time::parse_duration)]
    ready_timeout: Option<Duration>,
    /// Print every case as JSON
    #[arg(long)]
    json: bool,
    /// Workloads for each SPIFFE ID of each actor, each with a gate of its own
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=16))]
    replicas: u8,
    /// The algorithm of the gates: `HS256`, one secret for all; `ES256` or `EdDSA`, a key pair for each actor
    #[arg(long, ignore_case = true, default_value = "HS256", value_parser = algorithms())]
    alg: Algorithm,
    /// Selects the attempts if there are too many to make all [default: random, and printed]
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Run the whole instances also by clocks that differ by this much, such as `30s`: each gate's is ahead of the one
    /// before, then behind it
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    skew: Option<Duration>,
    /// The time of all gates when the lab begins, as in RFC 3339, for guards on the time [default: now]
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    time: Option<UnixTime>,
    /// A header of every request that is a task, for guards on headers; may be given several times
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = further_header)]
    headers: Vec<(String, String)>,
    /// A parameter of the query of every request that is a task, for guards on it; may be given several times
    #[arg(long = "query", value_name = "NAME=VALUE", value_parser = parameter)]
    query: Vec<String>,
    /// Fail also if no instance reaches some task or transition
    #[arg(long)]
    strict: bool,
    /// The shared object that shifts an Envoy's clock, for `--skew` and `--time`; `make clock` builds it
    #[arg(long, value_name = "FILE", env = "STEPGATE_CLOCK", default_value = "target/release/libstepgate_clock.so")]
    clock: PathBuf,
    /// The filter module
    #[arg(
        long,
        value_name = "FILE",
        env = "STEPGATE_MODULE",
        default_value = "target/wasm32-wasip1/filter/stepgate_filter.wasm"
    )]
    module: PathBuf,
}

/// A header that the lab does not write itself.
fn further_header(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = header(text)?;
    // Some servers take `_` for `-`.
    let folded = name.replace('_', "-");
    if OWN.contains(&folded.as_str()) || folded.starts_with("x-workflow-step") {
        return Err("the lab writes this header itself");
    }
    if !value.chars().all(|c| c == ' ' || c.is_ascii_graphic()) {
        return Err("the value of a header is in visible ASCII");
    }
    Ok((name, value))
}

/// A parameter as a guard can read it, and as no reader takes it for several.
fn parameter(text: &str) -> Result<String, &'static str> {
    let (name, _) = text.split_once('=').ok_or("a parameter is `NAME=VALUE`")?;
    let is_clean = |c: char| c.is_ascii_alphanumeric() || "-._~$%+:@!*,/=".contains(c);
    match () {
        () if name.is_empty() => Err("a parameter has a name: `NAME=VALUE`"),
        () if !text.chars().all(is_clean) => {
            Err("a parameter is written as in a URL: encode other characters, such as `%20`")
        }
        () => Ok(text.to_owned()),
    }
}

impl Args {
    /// The arguments on which the requests depend, but for the seed.
    fn repeated(&self) -> Vec<String> {
        let mut words = Vec::new();
        let mut add = |name: &str, value: String| words.extend([format!("--{name}"), value]);
        if self.replicas > 1 {
            add("replicas", self.replicas.to_string());
        }
        if self.alg != Algorithm::Hs256 {
            add("alg", self.alg.alg().to_owned());
        }
        if let Some(time) = self.time {
            add("time", time::rfc3339(time));
        }
        if let Some(skew) = self.skew {
            add("skew", format!("{}ms", skew.as_millis()));
        }
        self.headers.iter().for_each(|(name, value)| add("header", format!("{name}={value}")));
        self.query.iter().for_each(|parameter| add("query", parameter.clone()));
        words
    }
}

pub(super) fn run(args: &Args) -> Result<Answer, CommandError> {
    let source = Source::read(&args.file)?;
    let (module, colour) = (args.module.clone(), output::colours_answers());
    // An Envoy looks for it from its own folder.
    let clock = std::path::absolute(&args.clock).unwrap_or_else(|_| args.clock.clone());
    let options = Options {
        document: source.text.clone(),
        name: source.name.clone(),
        arguments: args.repeated(),
        replicas: usize::from(args.replicas),
        algorithm: args.alg,
        seed: args.seed,
        skew: args.skew,
        time: args.time.map(UnixTime::seconds),
        clock,
        headers: args.headers.clone(),
        query: args.query.clone(),
        strict: args.strict,
        module,
        keep: args.keep,
        walk_only: args.walk_only,
        ready_timeout: args.ready_timeout,
        all_rows: args.all_rows,
        json: args.json,
        colour,
    };
    match stepgate_lab::run(&options) {
        Ok(passed) => Ok(Answer::of(passed)),
        Err(LabError::Document(found)) => Err(source.reject(&found)),
        Err(
            error @ (LabError::NotADocument
            | LabError::Once
            | LabError::Gate(_)
            | LabError::Name(_)
            | LabError::NoFork(_)
            | LabError::Key(_)),
        ) => Err(CommandError::document(format!("`{}`: {error}", source.name))),
        Err(LabError::Output(error)) => Err(error.into()),
        Err(
            error @ (LabError::NoModule(_)
            | LabError::NoFilter(_)
            | LabError::Mesh(_)
            | LabError::ExistingMesh(_)
            | LabError::Random(_)
            | LabError::Worker),
        ) => Err(CommandError::failed(error)),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::Args;

    #[derive(Parser)]
    struct Lab {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn a_run_by_other_clocks_is_repeated_by_the_same() {
        let lab = Lab::parse_from(["lab", "it.yaml", "--skew", "1m30s", "--header", "x-temp=5", "--query", "x=1"]);
        assert_eq!(lab.args.repeated(), ["--skew", "90000ms", "--header", "x-temp=5", "--query", "x=1"]);
    }
}
