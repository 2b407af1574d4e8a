//! `stepgate token inspect`: what a token says, believed or not.

use serde_json::{Value, json};
use stepgate_config::name::{TaskName, WorkflowName};

use super::decoded::{decode, times};
use crate::command::failure::{Answer, EXIT_CODES, Failure};
use crate::command::output::{self, BAD};
use crate::command::time;

/// Decodes a token without verifying it.
///
/// Anybody can write what it shows. `stepgate token verify` says whether a gate would believe it.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Args {
    /// The token, or a list of them with commas; `-`: from the standard input
    #[arg(default_value = "-")]
    token: String,
    /// Only JSON, on one array for all tokens
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<Answer, Failure> {
    let steps = super::read_step(&args.token)?;
    let shown: Vec<(bool, Value)> = steps.iter().map(|step| show(step)).collect();
    let all = Answer::of(shown.iter().all(|(is_step, _)| *is_step));
    if all == Answer::No {
        super::point_to_stdin(&args.token);
    }
    if args.json {
        output::say_json(&shown.into_iter().map(|(_, value)| value).collect::<Vec<_>>())?;
        return Ok(all);
    }
    output::say(&format!("{BAD}NOT VERIFIED{BAD:#}: anybody can write this; `stepgate token verify` checks it"))?;
    for (_, value) in &shown {
        output::say_json(value)?;
    }
    Ok(all)
}

/// Whether it is a step that a gate would look at, and what there is to show.
fn show(step: &str) -> (bool, Value) {
    match decode(step) {
        Ok(token) => {
            let times = times(&token.claims, time::now());
            let value = json!({
                "verified": false, "header": token.header, "claims": token.claims, "times": times, "malformed": token.malformed,
            });
            (token.malformed.is_none(), value)
        }
        Err(_) if is_plain(step) => (
            true,
            json!({"verified": false, "plain": step, "note": "a plain step of level `identity`: it has no signature"}),
        ),
        Err(_) if step.contains('/') => {
            (false, json!({"verified": false, "malformed": "a plain step is `workflow/revision/task`"}))
        }
        Err(why) => (false, json!({"verified": false, "malformed": why})),
    }
}

/// A plain step as gates read it: names that are some, and a number in its one spelling.
fn is_plain(step: &str) -> bool {
    match step.split('/').collect::<Vec<_>>().as_slice() {
        [workflow, revision, task] => {
            let number = revision.parse::<u32>().is_ok_and(|number| number.to_string() == *revision);
            number && WorkflowName::try_from(*workflow).is_ok() && TaskName::try_from(*task).is_ok()
        }
        _ => false,
    }
}
