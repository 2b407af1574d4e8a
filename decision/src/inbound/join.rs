//! The evidence of a join.

use stepgate_config::name::TaskName;
use stepgate_config::sorted::SortedSet;
use stepgate_config::workflow::JoinKind;

use super::current_step::CurrentStep;
use super::evidence::Evidence;
use crate::denial::Denial;
use crate::switch::{Check, on};
use crate::token::Claims;

/// A transition that leaves a join shows exactly one token for each incoming transition, or at each of several tasks, all of
/// one round.
pub(super) fn check(current: &CurrentStep<'_>) -> Result<(), Denial> {
    let tokens = match (current.at.join, &current.evidence) {
        (JoinKind::All, Evidence::Tokens(tokens)) => tokens,
        (JoinKind::All, Evidence::Departure { receipts, .. }) if !receipts.is_empty() => receipts,
        // The caller's own gate has seen the evidence.
        (JoinKind::All, Evidence::Departure { .. }) => return Ok(()),
        (JoinKind::Any, _) | (JoinKind::All, Evidence::Plain | Evidence::Start { .. }) => return Ok(()),
    };
    let Some(join) = current.compiled.workflow.joins.get(&current.at.name) else {
        return Err(Denial::Internal("a join without its evidence"));
    };
    let incomplete = |why| Denial::JoinIncomplete { why, expected: join.sources.clone() };
    let claims: Vec<&Claims> = tokens.iter().map(|token| &token.claims).collect();
    let shown =
        claims.iter().filter_map(|claims| if join.several { Some(&claims.wf.task) } else { claims.wf.from.as_ref() });
    let shown: SortedSet<&TaskName> = shown.collect();
    let required: SortedSet<&TaskName> = join.sources.iter().collect();
    if (shown != required || claims.len() != required.len()) && on(Check::Sources) {
        return Err(incomplete("exactly one token from each of its sources is required"));
    }
    let rounds: SortedSet<Option<&str>> = claims.iter().map(|claims| round(claims, &current.at.name)).collect();
    if (rounds.len() != 1 || rounds.contains(&None)) && on(Check::Rounds) {
        return Err(incomplete("its tokens are not of one round"));
    }
    // A later join has its own fork; the tokens that meet here must agree on it.
    for ahead in &current.at.carries {
        let rounds: SortedSet<&str> = claims.iter().filter_map(|claims| round(claims, ahead)).collect();
        if rounds.len() > 1 && on(Check::Rounds) {
            return Err(incomplete("its tokens are of different rounds of a later join"));
        }
    }
    Ok(())
}

fn round<'c>(claims: &'c Claims, join: &TaskName) -> Option<&'c str> {
    claims.fork.get(join).map(String::as_str)
}
