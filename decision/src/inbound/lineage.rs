//! The names by which tokens descend from each other, as gates give them: of instances, of arrivals, of rounds.

use stepgate_config::name::TaskName;
use stepgate_config::workflow::{JoinKind, Task, Workflow};

use crate::token::Claims;

/// Most bytes of the name of an instance or arrival. Gates give 22; tools that mint tokens, names for people.
const MAX_NAME: usize = 128;

/// Whether it is the name of an instance or of an arrival.
pub(super) fn is_name(text: &str) -> bool {
    (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

/// How many tokens what leaves a task shows.
pub(super) fn evidence(from: &Task, workflow: &Workflow) -> usize {
    let join = workflow.joins.get(&from.name).filter(|_| from.join == JoinKind::All && !from.initial);
    join.map_or(1, |join| join.sources.len())
}

/// Whether the parents are each another arrival.
pub(super) fn are_others(Claims { jti, parents, .. }: &Claims) -> bool {
    let others = |(at, parent)| parent != jti && !parents.iter().take(at).any(|other| other == parent);
    parents.iter().enumerate().all(others)
}

/// Whether a round of this join may have that name: the name of an arrival at its fork, or where that is a join itself
/// `ROUND@FORK`, with its round.
pub(super) fn is_round(name: &str, join: &TaskName, workflow: &Workflow) -> bool {
    let Some(fork) = workflow.joins.get(join).map(|join| &join.fork) else { return false };
    if workflow.joins.contains_key(fork) {
        let round = name.strip_suffix(fork.as_str()).and_then(|rest| rest.strip_suffix('@'));
        round.is_some_and(|round| is_round(round, fork, workflow))
    } else {
        is_name(name)
    }
}
