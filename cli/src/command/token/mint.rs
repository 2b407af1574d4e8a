//! `stepgate token mint`: the token that the holder of a step would have.

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
use crate::command::answer::{Answer, EXIT_CODES};
use crate::command::error::CommandError;
use crate::command::example_step::{self, ExampleStep};
use crate::command::history::{self, History};
use crate::command::input::Input;
use crate::command::{names, output, time};
use stepgate_render::jwk;

/// Mints the token that the holder of a step would have.
///
/// For tests, and to resume an instance. At a join it is a list of tokens, one for each task before the join.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Args {
    /// A workflow document or a gate's configuration, YAML or JSON
    file: PathBuf,
    /// The task reached
    #[arg(long)]
    task: String,
    /// The holder [default: the performer of the task; receipt: its one caller]
    #[arg(long, value_name = "ACTOR|SPIFFE-ID")]
    holder: Option<String>,
    /// The instance [default: random]
    #[arg(long)]
    instance: Option<String>,
    /// The kind of token
    #[arg(long = "type", value_enum, default_value_t = Kind::Arrival)]
    kind: Kind,
    /// At a join: only the token of the arrival from this task
    #[arg(long, value_name = "TASK")]
    from: Option<String>,
    /// Who performed a task before it, as constraints ask; may be given several times
    #[arg(long, value_name = "TASK=ACTOR|SPIFFE-ID", value_parser = history::performed)]
    performed: Vec<(String, String)>,
    /// Its lifetime, never past the instance's deadline [default: the task's `ttl`, else the workflow's `task_ttl`]
    #[arg(long, value_name = "DURATION", value_parser = time::parse_duration)]
    ttl: Option<Duration>,
    /// The time of its issuance, as in RFC 3339 [default: now]
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    time: Option<UnixTime>,
    #[command(flatten)]
    key: KeyArgs,
    /// The workflow, if the configuration has several
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
}

pub(super) fn run(args: &Args) -> Result<Answer, CommandError> {
    let input = Input::read(&args.file)?;
    let workflow = input.workflow(args.workflow.as_deref())?;
    let task = names::task(workflow, &args.task, "--task")?;
    if workflow.assurance == Assurance::Identity {
        let (name, revision) = (&workflow.name, workflow.revision);
        return Err(CommandError::usage(format!("`{name}` has no tokens: its assurance is `identity`"))
            .help(format!("its step header is plain: `{}: {name}/{revision}/{}`", input.config.header, task.name)));
    }
    let signer = Signer::of(&args.key, &input)?;
    let all = claims(args, workflow, task)?;
    let token_type = args.kind.token_type();
    let tokens: Vec<String> = all
        .iter()
        .map(|claims| example_step::sign(token_type, claims, signer.key(workflow, claims)?))
        .collect::<Result<_, _>>()?;
    let json = json!({"header": input.config.header, "tokens": tokens, "claims": all});
    output::print_as(args.json, &json, || tokens.join(","))?;
    Ok(Answer::Yes)
}

fn claims(args: &Args, workflow: &Workflow, task: &Task) -> Result<Vec<Claims>, CommandError> {
    let random = jwk::random_text()?;
    let instance = args.instance.as_deref().unwrap_or(&random);
    let issued = args.time.unwrap_or_else(time::now);
    let token_type = args.kind.token_type();
    let holder = holder(args, workflow, task)?;
    let history = History::of(workflow, task, &args.performed)?;
    for task in &history.unknown {
        output::warn(&format!("the token does not say who performed `{task}`: `--performed {task}=ID` does"));
    }
    let mut all = ExampleStep { workflow, task, holder, token_type, instance, issued, history }.claims();
    if let Some(from) = &args.from {
        let sources: Vec<TaskName> = all.iter().filter_map(|claims| claims.wf.from.clone()).collect();
        all.retain(|claims| claims.wf.from.as_ref().is_some_and(|source| source.as_str() == from));
        if all.is_empty() {
            let (task, given) = (&task.name, output::escape(from));
            return Err(CommandError::usage(format!("--from: `{task}` is not joined from `{given}`"))
                .help(names::suggest(from, sources.iter().map(TaskName::as_str), "it is joined from")));
        }
    }
    for claims in &mut all {
        claims.exp = args.ttl.map_or(claims.exp, |ttl| issued.plus(ttl)).min(claims.dl);
    }
    Ok(all)
}

/// The given holder, or the default one.
fn holder(args: &Args, workflow: &Workflow, task: &Task) -> Result<SpiffeId, CommandError> {
    if let Some(given) = &args.holder {
        return names::spiffe_id(workflow, given, "--holder");
    }
    let found = match args.kind {
        Kind::Arrival => task.performer.examples.first().cloned(),
        Kind::Receipt => {
            let leaving = workflow.leaving_with_others(task).filter(|transition| transition.via);
            let mut callers: Vec<&str> = leaving.map(|transition| transition.caller.name.as_str()).collect();
            callers.sort_unstable();
            callers.dedup();
            match callers.as_slice() {
                [one] => workflow.actors.get(*one).and_then(|actor| actor.examples.first().cloned()),
                _ => None,
            }
        }
    };
    found.ok_or_else(|| {
        let task = &task.name;
        CommandError::usage(format!("`--holder` is required: a receipt for `{task}` does not have exactly one caller"))
    })
}

impl Kind {
    fn token_type(self) -> TokenType {
        match self {
            Self::Arrival => TokenType::Arrival,
            Self::Receipt => TokenType::Receipt,
        }
    }
}
