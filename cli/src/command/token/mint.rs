//! `stepgate token mint`: the token that a rightful holder of a step would have.

use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use serde_json::json;
use stepgate_config::name::TaskName;
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Assurance, Task, Workflow};
use stepgate_decision::UnixTime;
use stepgate_decision::token::{Claims, TokenType};

use super::signer::{KeyArgs, Signer};
use crate::command::failure::{Answer, EXIT_CODES, Failure};
use crate::command::held::{self, Held};
use crate::command::subject::Subject;
use crate::command::{names, output, time};
use stepgate_render::jwk;

/// The life of a departure: one hop.
const DEPARTURE: Duration = Duration::from_secs(60);

/// Mints the token that a rightful holder of a step would have.
///
/// For tests and for getting an instance going again. At a join it is a list, one token from each source.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Args {
    /// A workflow document or a gate's configuration, YAML or JSON
    file: PathBuf,
    /// The task reached (departure: the task left)
    #[arg(long)]
    task: String,
    /// Who holds it [default: who performs the task; receipt: its one caller]
    #[arg(long, value_name = "ACTOR|SPIFFE-ID")]
    holder: Option<String>,
    /// The instance [default: drawn at random]
    #[arg(long)]
    instance: Option<String>,
    /// What kind of token
    #[arg(long = "type", value_enum, default_value_t = Kind::Arrival)]
    kind: Kind,
    /// At a join: only the token of the arrival from this task
    #[arg(long, value_name = "SOURCE")]
    from: Option<String>,
    /// The task to which a departure leads
    #[arg(long, value_name = "TASK", required_if_eq("kind", "departure"))]
    to: Option<String>,
    /// How long it lives, never past the instance's deadline [default: the workflow's `task_ttl`]
    #[arg(long, value_name = "DURATION", value_parser = time::parse_duration)]
    ttl: Option<Duration>,
    /// When it was issued, as in RFC 3339 [default: now]
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    time: Option<UnixTime>,
    #[command(flatten)]
    key: KeyArgs,
    /// Which workflow, where the configuration has several
    #[arg(long, value_name = "NAME[/REVISION]")]
    workflow: Option<String>,
    /// Print tokens and claims as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Arrival,
    Receipt,
    Departure,
}

pub(super) fn run(args: &Args) -> Result<Answer, Failure> {
    let subject = Subject::read(&args.file)?;
    let workflow = subject.workflow(args.workflow.as_deref())?;
    let task = names::task(workflow, &args.task, "--task")?;
    if workflow.assurance == Assurance::Identity {
        let (name, revision) = (&workflow.name, workflow.revision);
        return Err(Failure::usage(format!("`{name}` has no tokens: its assurance is `identity`"))
            .help(format!("its step header is plain: `{}: {name}/{revision}/{}`", subject.config.header, task.name)));
    }
    let signer = Signer::of(&args.key, &subject)?;
    let all = claims(args, workflow, task)?;
    let token_type = args.kind.token_type();
    let tokens: Vec<String> = all
        .iter()
        .map(|claims| held::sign(token_type, claims, signer.key(workflow, claims)?))
        .collect::<Result<_, _>>()?;
    if args.json {
        output::say_json(&json!({"header": subject.config.header, "tokens": tokens, "claims": all}))?;
    } else {
        output::say(&tokens.join(","))?;
    }
    Ok(Answer::Yes)
}

fn claims(args: &Args, workflow: &Workflow, task: &Task) -> Result<Vec<Claims>, Failure> {
    let drawn = jwk::random_text()?;
    let instance = args.instance.as_deref().unwrap_or(&drawn);
    let issued = args.time.unwrap_or_else(time::now);
    let token_type = if args.kind == Kind::Receipt { TokenType::Receipt } else { TokenType::Arrival };
    let holder = holder(args, workflow, task)?;
    let mut all = Held { workflow, task, holder, token_type, instance, issued }.claims();
    if let Some(from) = &args.from {
        let sources: Vec<TaskName> = all.iter().filter_map(|claims| claims.wf.from.clone()).collect();
        all.retain(|claims| claims.wf.from.as_ref().is_some_and(|source| source.as_str() == from));
        if all.is_empty() {
            let sources: Vec<&str> = sources.iter().map(TaskName::as_str).collect();
            let known = names::suggest(from, sources.iter().copied(), "it is joined from");
            return Err(Failure::usage(format!(
                "--from: `{}` is not joined from `{}`",
                task.name,
                output::plain(from)
            ))
            .help(known));
        }
    }
    let departs = if args.kind == Kind::Departure { Some(destination(args, workflow)?) } else { None };
    for claims in &mut all {
        let ttl = args.ttl.or(departs.map(|_| DEPARTURE));
        claims.exp = ttl.map_or(claims.exp, |ttl| issued.plus(ttl)).min(claims.dl);
        if let Some(to) = departs {
            // A departure is issued by the gate of its caller, for the actor who performs the next task.
            claims.iss.clone_from(&claims.sub);
            claims.aud = Some(to.performer.name.clone());
            claims.to = Some(to.name.clone());
        }
    }
    Ok(all)
}

fn destination<'w>(args: &Args, workflow: &'w Workflow) -> Result<&'w Task, Failure> {
    let to = args.to.as_deref().ok_or_else(|| Failure::usage("--to is wanted: where does the departure lead?"))?;
    names::task(workflow, to, "--to").map(AsRef::as_ref)
}

/// Who holds it: as asked for, or who would.
fn holder(args: &Args, workflow: &Workflow, task: &Task) -> Result<SpiffeId, Failure> {
    if let Some(given) = &args.holder {
        let id = names::identity(workflow, given, "--holder")?;
        return SpiffeId::try_from(id.as_bytes())
            .map_err(|why| Failure::usage(format!("--holder: not a SPIFFE ID: {why}")));
    }
    let performer = || task.performer.spiffe.first().cloned();
    let found = match args.kind {
        Kind::Arrival | Kind::Departure => performer(),
        Kind::Receipt => {
            let leaving = workflow.leaving(task).filter(|way| way.via);
            let mut callers: Vec<&str> = leaving.map(|way| way.caller.name.as_str()).collect();
            callers.sort_unstable();
            callers.dedup();
            match callers.as_slice() {
                [one] => workflow.actors.get(*one).and_then(|actor| actor.spiffe.first().cloned()),
                _ => None,
            }
        }
    };
    found.ok_or_else(|| {
        Failure::usage(format!("--holder is wanted: no one caller is known who has a receipt for `{}`", task.name))
    })
}

impl Kind {
    fn token_type(self) -> TokenType {
        match self {
            Self::Arrival => TokenType::Arrival,
            Self::Receipt => TokenType::Receipt,
            Self::Departure => TokenType::Departure,
        }
    }
}
