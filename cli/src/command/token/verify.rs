//! `stepgate token verify`: whether a gate would accept a token, and the step in it.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;
use stepgate_config::GateConfig;
use stepgate_config::workflow::Workflow;
use stepgate_decision::keys::{KeyRing, RustCrypto};
use stepgate_decision::token::{Claims, TokenType, UnverifiedToken, VerifiedToken, verify};
use stepgate_decision::{Denial, UnixTime};

use super::decoded::times;
use super::steps;
use crate::command::answer::{Answer, EXIT_CODES};
use crate::command::error::CommandError;
use crate::command::input::Input;
use crate::command::next_transitions::{self, NextTransition};
use crate::command::output::{self, BAD, FAINT, GOOD, escape};
use crate::command::{gate_keys, names, time};

/// Verifies a token with the keys of a gate.
///
/// Checks the key, the signature, the times, and whether the gate has that document. Whether a request with it is
/// permitted depends on the request: `stepgate explain --step` explains that.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Args {
    /// The gate's configuration; its keys are read from the environment, as by the gate
    #[arg(value_name = "GATE-CONFIG")]
    file: PathBuf,
    /// The token, or a list of them with commas; `-`: standard input
    #[arg(default_value = "-")]
    token: String,
    /// The time, as in RFC 3339 [default: now]
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    time: Option<UnixTime>,
    /// Print the answer as a JSON array
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<Answer, CommandError> {
    let input = Input::read(&args.file)?;
    if input.is_document {
        return Err(CommandError::usage(format!("`{}` is a workflow document, which has no keys", input.name))
            .help("give the gate's configuration: the value of `pluginConfig`"));
    }
    let now = args.time.unwrap_or_else(time::now);
    let steps = steps::read(&args.token)?;
    let keys = gate_keys::ring(&input.config)?;
    let results: Vec<Verification> =
        steps.iter().map(|step| Verification::of(step, &input.config, &keys, now)).collect();
    output::print_as(args.json, &results, || results.iter().map(Verification::text).collect())?;
    let all = Answer::of(results.iter().all(|result| result.valid));
    if all == Answer::No {
        steps::warn_of_file(&args.token);
    }
    Ok(all)
}

/// The result for one token.
#[derive(Debug, Default, Serialize)]
struct Verification {
    valid: bool,
    code: Option<&'static str>,
    reason: Option<String>,
    /// The step, if the token is valid.
    step: Option<String>,
    claims: Option<Value>,
    times: Option<Value>,
    /// The next transitions.
    allowed: Vec<NextTransition>,
}

impl Verification {
    fn of(step: &str, config: &GateConfig, keys: &KeyRing, now: UnixTime) -> Self {
        let verified = UnverifiedToken::parse(step).and_then(|jws| verify(jws, keys, &RustCrypto, now, config.leeway));
        match verified.and_then(|verified| Ok((find(config, &verified.claims)?, verified))) {
            Err(denial) => {
                Self { code: Some(denial.code().as_str()), reason: Some(denial.to_string()), ..Self::default() }
            }
            Ok((workflow, verified)) => {
                let claims = serde_json::to_value(&verified.claims).unwrap_or_default();
                let task = workflow.tasks.get(&verified.claims.wf.task);
                Self {
                    valid: true,
                    step: Some(describe(workflow, &verified)),
                    times: Some(times(&claims, now)),
                    claims: Some(claims),
                    allowed: task.map(|task| next_transitions::from(workflow, task)).unwrap_or_default(),
                    ..Self::default()
                }
            }
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        if let (Some(code), Some(reason)) = (self.code, &self.reason) {
            let _ = writeln!(text, "{BAD}NOT VALID {code}{BAD:#}: {}", escape(reason));
            return text;
        }
        let _ = writeln!(text, "{GOOD}VALID{GOOD:#}: {}", escape(self.step.as_deref().unwrap_or_default()));
        for (name, value) in self.times.iter().filter_map(Value::as_object).flatten() {
            let part = |part: &str| value.get(part).and_then(Value::as_str).unwrap_or_default();
            let _ = writeln!(text, "  {FAINT}{name:<4}{FAINT:#} {} ({})", part("time"), part("relative"));
        }
        if !self.allowed.is_empty() {
            let _ = write!(text, "Next transitions:\n{}", next_transitions::lines(&self.allowed));
        }
        text
    }
}

/// The document that the claims name, found as the gate finds it.
fn find<'c>(config: &'c GateConfig, claims: &Claims) -> Result<&'c Workflow, Denial> {
    let mut revisions = config.workflows.iter().filter(|workflow| workflow.name == claims.wf.name).peekable();
    if revisions.peek().is_none() {
        return Err(Denial::UnknownWorkflow);
    }
    let workflow = revisions.find(|workflow| workflow.revision == claims.wf.rev).ok_or(Denial::RevisionRetired)?;
    if workflow.digest != claims.wf.digest {
        return Err(Denial::OtherDocument);
    }
    if config.revoked.instances.contains(&claims.txn) {
        return Err(Denial::Revoked("instance"));
    }
    if config.revoked.workflows.contains(&workflow.name) {
        return Err(Denial::Revoked("workflow"));
    }
    Ok(workflow)
}

/// `an arrival at shots of movie revision 1, held by vfx-1, instance …`.
fn describe(workflow: &Workflow, verified: &VerifiedToken) -> String {
    let claims = &verified.claims;
    let kind = match verified.token_type {
        TokenType::Arrival => "an arrival at",
        TokenType::Receipt => "a receipt for",
    };
    let holder = names::name_of(workflow, claims.sub.as_str());
    let from = claims.wf.from.as_ref().map(|from| format!(" from `{from}`")).unwrap_or_default();
    let (task, txn) = (&claims.wf.task, &claims.txn);
    let (name, revision) = (&workflow.name, workflow.revision);
    format!("{kind} `{task}`{from} of {name} revision {revision}, held by {holder}, instance {txn}")
}
