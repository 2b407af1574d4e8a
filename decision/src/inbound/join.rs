//! The evidence of a join.

use std::collections::BTreeSet;

use stepgate_config::workflow::JoinKind;

use super::current_step::{CurrentStep, Evidence};
use crate::denial::Denial;
use crate::token::Claims;

/// What leaves a join shows exactly one token for each incoming transition, all of one round.
pub(super) fn check(current: &CurrentStep<'_>) -> Result<(), Denial> {
    let (JoinKind::All, Evidence::Tokens(tokens)) = (current.at.join, &current.origin) else {
        return Ok(());
    };
    let Some(join) = current.plan.workflow.joins.get(&current.at.name) else {
        return Err(Denial::Internal("a join without its evidence"));
    };
    let incomplete = |why| Denial::JoinIncomplete { why, expected: join.sources.clone() };
    let claims: Vec<&Claims> = tokens.iter().map(|token| &token.claims).collect();
    let shown: BTreeSet<&str> = claims.iter().filter_map(|claims| claims.wf.from.as_deref()).collect();
    let wanted: BTreeSet<&str> = join.sources.iter().map(|task| task.as_str()).collect();
    if shown != wanted || claims.len() != wanted.len() {
        return Err(incomplete("it wants exactly one token from each of its sources"));
    }
    let rounds: BTreeSet<Option<&str>> = claims.iter().map(|claims| round(claims, current.at.name.as_str())).collect();
    if rounds.len() != 1 || rounds.contains(&None) {
        return Err(incomplete("its tokens are not of one round"));
    }
    // A join further on has its own fork; what comes together here must agree on it.
    for ahead in &current.at.carries {
        let rounds: BTreeSet<&str> = claims.iter().filter_map(|claims| round(claims, ahead.as_str())).collect();
        if rounds.len() > 1 {
            return Err(incomplete("its tokens are of different rounds of a later join"));
        }
    }
    Ok(())
}

fn round<'c>(claims: &'c Claims, join: &str) -> Option<&'c str> {
    claims.fork.get(join).map(String::as_str)
}
