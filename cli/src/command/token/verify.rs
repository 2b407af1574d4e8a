//! `stepgate token verify`: whether a gate would believe a token, and which step it is.

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
use crate::command::failure::{Answer, EXIT_CODES, Failure};
use crate::command::output::{self, BAD, FAINT, GOOD, plain};
use crate::command::subject::Subject;
use crate::command::ways::{self, Way};
use crate::command::{environment, names, stand_in, time};

/// Verifies a token with the keys of a gate.
///
/// Looks at the key, the signature, the times, and whether the gate has that document. Whether a request
/// may go on with it depends on the request: `stepgate explain --step` says so.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Args {
    /// The gate's configuration; its keys are read from the environment, as the gate does
    #[arg(value_name = "GATE-CONFIG")]
    file: PathBuf,
    /// The token, or a list of them with commas; `-`: from the standard input
    #[arg(default_value = "-")]
    token: String,
    /// The time, as in RFC 3339 [default: now]
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    time: Option<UnixTime>,
    /// Print the answer as a JSON array
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<Answer, Failure> {
    let subject = Subject::read(&args.file)?;
    if subject.is_document {
        return Err(Failure::usage(format!("`{}` is a workflow document, which has no keys", subject.name))
            .help("give the gate's configuration: what stands under `pluginConfig`"));
    }
    let now = args.time.unwrap_or_else(time::now);
    let steps = super::read_step(&args.token)?;
    let ring = KeyRing::read(&subject.config.keys, &subject.config.revoked, &environment::value);
    let (keys, missing) = ring.map_err(|found| stand_in::keys_failed(&found))?;
    environment::warn_of(&missing);
    let findings: Vec<Finding> = steps.iter().map(|step| Finding::of(step, &subject.config, &keys, now)).collect();
    if args.json {
        output::say_json(&findings)?;
    } else {
        output::say(&findings.iter().map(Finding::for_people).collect::<String>())?;
    }
    let all = Answer::of(findings.iter().all(|finding| finding.valid));
    if all == Answer::No {
        super::point_to_stdin(&args.token);
    }
    Ok(all)
}

/// What came of one token.
#[derive(Debug, Serialize)]
struct Finding {
    valid: bool,
    code: Option<&'static str>,
    reason: Option<String>,
    /// Which step it is, where its signature is good.
    step: Option<String>,
    claims: Option<Value>,
    times: Option<Value>,
    /// What may come next.
    allowed: Vec<Way>,
}

impl Finding {
    fn of(step: &str, config: &GateConfig, keys: &KeyRing, now: UnixTime) -> Self {
        let verified = UnverifiedToken::parse(step).and_then(|jws| verify(jws, keys, &RustCrypto, now, config.leeway));
        let found = match verified {
            Ok(verified) => find(config, &verified.claims).map(|workflow| (workflow, verified)),
            Err(denial) => Err(denial),
        };
        match found {
            Err(denial) => Self {
                valid: false,
                code: Some(denial.code().as_str()),
                reason: Some(denial.to_string()),
                step: None,
                claims: None,
                times: None,
                allowed: Vec::new(),
            },
            Ok((workflow, verified)) => {
                let claims = serde_json::to_value(&verified.claims).unwrap_or_default();
                let task = workflow.tasks.get(&verified.claims.wf.task);
                Self {
                    valid: true,
                    code: None,
                    reason: None,
                    step: Some(which(workflow, &verified)),
                    times: Some(times(&claims, now)),
                    claims: Some(claims),
                    allowed: task.map(|task| ways::from(workflow, task)).unwrap_or_default(),
                }
            }
        }
    }

    fn for_people(&self) -> String {
        let mut text = String::new();
        if let (Some(code), Some(reason)) = (self.code, &self.reason) {
            let _ = writeln!(text, "{BAD}NOT VALID {code}{BAD:#}: {}", plain(reason));
            return text;
        }
        let _ = writeln!(text, "{GOOD}VALID{GOOD:#}: {}", plain(self.step.as_deref().unwrap_or_default()));
        for (name, value) in self.times.iter().filter_map(Value::as_object).flatten() {
            let part = |part: &str| value.get(part).and_then(Value::as_str).unwrap_or_default();
            let _ = writeln!(text, "  {FAINT}{name:<4}{FAINT:#} {} ({})", part("time"), part("relative"));
        }
        if !self.allowed.is_empty() {
            let _ = write!(text, "From there:\n{}", ways::lines(&self.allowed));
        }
        text
    }
}

/// The document of which the claims speak, as the gate looks for it.
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
fn which(workflow: &Workflow, verified: &VerifiedToken) -> String {
    let claims = &verified.claims;
    let kind = match verified.token_type {
        TokenType::Arrival => "an arrival at",
        TokenType::Departure => "a departure from",
        TokenType::Receipt => "a receipt for",
    };
    let holder =
        names::actor_of(workflow, claims.sub.as_str()).map_or(claims.sub.as_str(), |actor| actor.name.as_str());
    let from = claims.wf.from.as_ref().map(|from| format!(" from `{from}`")).unwrap_or_default();
    let (task, txn) = (&claims.wf.task, &claims.txn);
    format!(
        "{kind} `{task}`{from} of {} revision {}, held by {holder}, instance {txn}",
        workflow.name, workflow.revision
    )
}
