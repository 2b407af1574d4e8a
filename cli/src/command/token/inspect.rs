//! `stepgate token inspect`: the content of a token, without verification.

use serde_json::{Value, json};
use stepgate_decision::step::PlainStep;

use super::decoded::{decode, times};
use super::steps;
use crate::command::answer::{Answer, EXIT_CODES};
use crate::command::error::CommandError;
use crate::command::output::{self, BAD};
use crate::command::time;

/// Decodes a token without verifying it.
///
/// Anybody can write such a token. `stepgate token verify` checks whether a gate would accept it.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Args {
    /// The token, or a list of them with commas; `-`: standard input
    #[arg(default_value = "-")]
    token: String,
    /// Print only JSON, one array for all tokens
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<Answer, CommandError> {
    let value = steps::read(&args.token)?;
    let inspected: Vec<(bool, Value)> = value.split(',').map(|step| inspect(step.trim())).collect();
    let all = Answer::of(inspected.iter().all(|(is_step, _)| *is_step));
    if all == Answer::No {
        steps::warn_of_file(&args.token);
    }
    if args.json {
        output::print_json(&inspected.into_iter().map(|(_, value)| value).collect::<Vec<_>>())?;
        return Ok(all);
    }
    output::print(&format!("{BAD}NOT VERIFIED{BAD:#}: anybody can write this; `stepgate token verify` checks it"))?;
    for (_, value) in &inspected {
        output::print_json(value)?;
    }
    Ok(all)
}

/// Whether a gate would read the step, and its content.
fn inspect(step: &str) -> (bool, Value) {
    match decode(step) {
        Ok(token) => {
            let times = times(&token.claims, time::now());
            let value = json!({
                "verified": false, "header": token.header, "claims": token.claims, "times": times, "malformed": token.malformed,
            });
            (token.malformed.is_none(), value)
        }
        Err(_) if PlainStep::parse(step).is_ok() => (
            true,
            json!({"verified": false, "plain": step, "note": "a plain step of level `identity`: it has no signature"}),
        ),
        Err(_) if step.contains('/') => {
            (false, json!({"verified": false, "malformed": "a plain step is `workflow/revision/task`"}))
        }
        Err(error) => (false, json!({"verified": false, "malformed": error.to_string()})),
    }
}
