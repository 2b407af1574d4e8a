//! `stepgate token verify`: whether a gate would accept a step, and the transitions that it opens.

use std::fmt::Write as _;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use stepgate_decision::keys::RustCrypto;
use stepgate_decision::token::TokenType;
use stepgate_decision::{Denial, Facts, JudgedStep, Randomness, UnixTime, judge_step};

use super::decoded::times;
use super::steps;
use crate::command::answer::{Answer, EXIT_CODES};
use crate::command::error::CommandError;
use crate::command::input::Input;
use crate::command::next_transitions::{self, NextTransition};
use crate::command::output::{self, BAD, CARE, FAINT, GOOD, escape};
use crate::command::{gate_keys, names, time};

/// Verifies a step as a gate does, with the keys of its configuration.
///
/// A step is valid if it leads on: some gate accepts it from its holder for some transition. What else a gate decides on
/// depends on the request and on earlier ones, such as a replay: `stepgate explain --step` explains that. A guard that reads
/// the request is not judged, nor is the holder of a plain step; the answer then names it, with an exit code of its own.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Args {
    /// The gate's configuration; its keys are read from the environment, as by the gate
    #[arg(value_name = "GATE-CONFIG")]
    file: PathBuf,
    /// The value of the step header: a token, or at a join a list of them with commas; `-`: standard input
    #[arg(default_value = "-")]
    token: String,
    /// The time, as in RFC 3339 [default: now]
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    time: Option<UnixTime>,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<Answer, CommandError> {
    let input = Input::read(&args.file)?;
    if input.is_document {
        return Err(input.keyless());
    }
    let now = args.time.unwrap_or_else(time::now);
    let value = steps::read(&args.token)?;
    let gate = gate_keys::gate(input.config.clone())?;
    let (name, line) = input.step_header(&value);
    // No token is minted, so no randomness is needed.
    let facts = Facts::received(None, "", vec![(name, line.into_bytes())], now, Randomness::default());
    let verification = match judge_step(&gate, &facts, &RustCrypto) {
        Ok(step) => Verification::accepted(&step, now),
        Err(denial) => Verification::refused(&denial),
    };
    output::print_as(args.json, &verification, || verification.text())?;
    let answer = verification.answer();
    if answer == Answer::No {
        steps::warn_of_file(&args.token);
    }
    Ok(answer)
}

/// The result.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(in crate::command) struct Verification {
    /// Whether a gate accepts the step, and nothing was left out.
    valid: bool,
    code: Option<&'static str>,
    reason: Option<String>,
    /// The parts that were not judged.
    not_judged: Vec<String>,
    /// The step, unless it is refused.
    step: Option<String>,
    /// The claims of each token.
    claims: Vec<Value>,
    /// Their times.
    times: Vec<Value>,
    /// The transitions that the step opens, also those that open later.
    allowed: Vec<NextTransition>,
}

impl Verification {
    fn refused(denial: &Denial) -> Self {
        Self::not_valid(denial, next_transitions::none(denial))
    }

    fn not_valid(denial: &Denial, reason: String) -> Self {
        Self { code: Some(denial.code().as_str()), reason: Some(reason), ..Self::default() }
    }

    fn accepted(step: &JudgedStep, now: UnixTime) -> Self {
        let opening = step.open.iter().map(|open| open.not_before).min().flatten();
        if let Some(opening) = opening {
            // All of them are still to come: for now each gate refuses the step.
            let seconds = opening.seconds().saturating_sub(now.seconds());
            let allowed = next_transitions::opened(&step.open, step.workflow.assurance);
            let early = Denial::TooEarly { seconds };
            return Self { allowed, ..Self::not_valid(&early, early.to_string()) };
        }
        let claims: Vec<Value> =
            step.tokens.iter().map(|token| serde_json::to_value(&token.claims).unwrap_or_default()).collect();
        let not_judged = not_judged(step);
        Self {
            valid: not_judged.is_empty(),
            not_judged,
            step: Some(describe(step)),
            times: claims.iter().map(|claims| times(claims, now)).collect(),
            claims,
            allowed: next_transitions::opened(&step.open, step.workflow.assurance),
            ..Self::default()
        }
    }

    fn answer(&self) -> Answer {
        match self.code {
            None if self.valid => Answer::Yes,
            None => Answer::InPart,
            Some(_) => Answer::No,
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        if let (Some(code), Some(reason)) = (self.code, &self.reason) {
            let _ = writeln!(text, "{BAD}NOT VALID {code}{BAD:#}: {}", escape(reason));
            text.push_str(&next_transitions::lines(&self.allowed));
            return text;
        }
        let (style, word) = if self.valid { (GOOD, "VALID") } else { (CARE, "VALID IN PART") };
        let _ = writeln!(text, "{style}{word}{style:#}: {}", escape(self.step.as_deref().unwrap_or_default()));
        for (name, value) in self.times.iter().filter_map(Value::as_object).flatten() {
            let part = |part: &str| value.get(part).and_then(Value::as_str).unwrap_or_default();
            let _ = writeln!(text, "  {FAINT}{name:<4}{FAINT:#} {} ({})", part("time"), part("relative"));
        }
        for part in &self.not_judged {
            let _ = writeln!(text, "  {CARE}not judged{CARE:#}  {part}");
        }
        let _ = write!(text, "Next transitions:\n{}", next_transitions::lines(&self.allowed));
        text
    }
}

/// The parts of the decision that could not be made, although they depend on the step.
fn not_judged(step: &JudgedStep) -> Vec<String> {
    let holder = "who presents it: a plain step has no signature and no holder";
    let holder = step.tokens.is_empty().then(|| holder.to_owned());
    // If one transition is open without such a guard, gates accept the step in any case.
    let pending = step.open.iter().all(|open| open.guard_reads_request);
    let guards = step.open.iter().filter(|_| pending);
    let guards = guards.map(|open| format!("the guard of `{}`, which reads the request", open.transition));
    holder.into_iter().chain(guards).collect()
}

/// `an arrival at shots of movie revision 1, held by vfx-1, instance …`.
fn describe(step: &JudgedStep) -> String {
    let (workflow, at) = (&step.workflow, &step.at.name);
    let (name, revision) = (&workflow.name, workflow.revision);
    let Some(first) = step.tokens.first() else { return format!("at `{at}` of {name} revision {revision}") };
    let kind = match (first.token_type, step.tokens.len()) {
        (TokenType::Arrival, 1) => "an arrival at",
        (TokenType::Arrival, _) => "arrivals at",
        (TokenType::Receipt, 1) => "a receipt for",
        (TokenType::Receipt, _) => "receipts for",
        (TokenType::Departure, _) => "departures from",
    };
    let sources: Vec<String> =
        step.tokens.iter().filter_map(|token| Some(format!("`{}`", token.claims.wf.from.as_ref()?))).collect();
    let from = if sources.is_empty() { String::new() } else { format!(" from {}", sources.join(" and ")) };
    let (holder, txn) = (names::name_of(workflow, first.claims.sub.as_str()), &first.claims.txn);
    format!("{kind} `{at}`{from} of {name} revision {revision}, held by {holder}, instance {txn}")
}
