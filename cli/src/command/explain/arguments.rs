//! The arguments of `explain`.

use std::path::PathBuf;

use clap::Parser;
use stepgate_decision::UnixTime;

use crate::command::answer::EXIT_CODES;
use crate::command::argument::{host, method, request_header};
use crate::command::{history, time};

/// The notes under the help text.
const NOTES: &str = "\
Examples:
  stepgate explain movie.yaml --peer owner --self vfx-1 --method POST --path /shots/7
  stepgate explain movie.yaml --at shots --to plates
  stepgate explain movie.yaml --to shots --then --to plates --then --to color

Around a document, the gate has no other settings and no other workflow.
Ephemeral keys are generated, so no secret of a mesh is needed. If a request brings
a step of its own, by --step or --header, a gate's configuration is needed, and its
keys are read from the environment, as by the gate.
";

/// Explains what a gate would decide about a request, and why.
///
/// It runs the same decision as the gates, on the facts that you give.
#[derive(Debug, clap::Args)]
#[command(after_help = format!("{NOTES}\n{EXIT_CODES}"))]
pub(in crate::command) struct Args {
    /// A workflow document or a gate's configuration, YAML or JSON; `-`: standard input
    pub(super) file: PathBuf,
    #[command(flatten)]
    pub(super) request: Request,
    /// The holder of the token of `--at` [default: the peer if it could hold it, else the performer of the task]
    #[arg(long, value_name = "ACTOR|SPIFFE-ID", requires = "at")]
    pub(super) holder: Option<String>,
    /// Who performed a task before `--at`, as constraints ask; may be given several times
    #[arg(long, value_name = "TASK=ACTOR|SPIFFE-ID", requires = "at", value_parser = history::performed)]
    pub(super) performed: Vec<(String, String)>,
    /// The workflow, if the configuration has several
    #[arg(long, value_name = "NAME[/REVISION]")]
    pub(super) workflow: Option<String>,
    /// Decide as if the same request had been permitted once before
    #[arg(long, conflicts_with = "then")]
    pub(super) taken: bool,
    /// Print the answer as JSON
    #[arg(long)]
    pub(super) json: bool,
    /// Begins the next request of the same instance, with the step that the one before left: all that follows belongs to it, so --holder, --performed, --workflow and --json come before it
    #[arg(long, value_name = "REQUEST", num_args = 1.., allow_hyphen_values = true)]
    then: Vec<String>,
}

/// One request.
#[derive(Debug, clap::Args)]
pub(super) struct Request {
    /// The task that the request is for: fills in all that is not given, from the document
    #[arg(long, value_name = "TASK")]
    pub(super) to: Option<String>,
    /// The caller: an actor (its first identity), a SPIFFE ID, or `none` for a connection without mTLS [default with --to: a caller that may]
    #[arg(long, value_name = "ACTOR|SPIFFE-ID|none")]
    pub(super) peer: Option<String>,
    /// The workload that is called: an actor (its first identity) or a SPIFFE ID [default: `self` of the configuration; with --to, the first workload that performs the task]
    #[arg(long = "self", value_name = "ACTOR|SPIFFE-ID")]
    pub(super) own: Option<String>,
    /// The request's method, in upper case [default: GET]
    #[arg(long, value_parser = method)]
    pub(super) method: Option<String>,
    /// The request's path with its query, as sent [default: /]
    #[arg(long)]
    pub(super) path: Option<String>,
    /// The request's authority [default: the first of the called actor's `hosts`]
    #[arg(long, value_parser = host)]
    pub(super) host: Option<String>,
    /// The port of the called workload on which the request arrives [default: unknown, so that no task with a `port` matches]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) port: Option<u16>,
    /// A request header; may be given several times
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = request_header)]
    pub(super) headers: Vec<(String, String)>,
    /// The task that the instance has reached, or several as A+B: the request presents a valid token of each, minted at --time; to let time pass since, reach the task by --to and go on by --then
    #[arg(long, value_name = "TASK", conflicts_with = "step")]
    pub(super) at: Option<String>,
    /// The value of the step header, unchanged
    #[arg(long, value_name = "VALUE")]
    pub(super) step: Option<String>,
    /// The time, as in RFC 3339 [default: now; after --then: that of the request before]
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    pub(super) time: Option<UnixTime>,
}

/// A request after `--then`.
#[derive(Debug, Parser)]
#[command(name = "stepgate explain … --then", no_binary_name = true, disable_help_flag = true)]
struct Then {
    #[command(flatten)]
    request: Request,
}

impl Args {
    /// The requests after the first one. On wrong usage clap ends the process, as for the other arguments.
    pub(super) fn further(&self) -> Vec<Request> {
        let sections = self.then.split(|word| word == "--then").filter(|_| !self.then.is_empty());
        let read = |words: &[String]| Then::try_parse_from(words).unwrap_or_else(|error| error.exit());
        sections.map(|words| read(words).request).collect()
    }
}
