//! Constraints that hold by the SPIFFE IDs of the actors alone, on whichever branches their tasks are.

use std::collections::BTreeSet;

use crate::PEOPLE;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::document::{ActorDraft, ConstraintDraft, Draft};
use crate::gather::Gather as _;
use crate::report::{Report, listed};
use crate::workflow::Relation;

/// Most actors that a message names.
const SHOWN: usize = 8;

/// Whether no workload could break the constraint between these two tasks: for `separate` their actors share no SPIFFE ID,
/// for `bind` both have one and the same. An open segment covers no ID of another actor (E016).
pub(super) fn hold(draft: &Draft, relation: Relation, one: usize, other: usize) -> bool {
    let performer = |task: usize| draft.task(task).and_then(|task| draft.actors.get(task.performer?));
    let (Some(one), Some(other)) = (performer(one), performer(other)) else { return false };
    match relation {
        Relation::Separate => {
            let has = |id| other.spiffe.iter().any(|(theirs, _)| theirs == id);
            one.name != other.name && !one.spiffe.iter().any(|(id, _)| has(id))
        }
        Relation::Bind => {
            let only = |actor: &ActorDraft| match actor.spiffe.as_slice() {
                [(id, _)] if actor.open.is_empty() => Some(id.clone()),
                _ => None,
            };
            only(one).is_some() && only(one) == only(other)
        }
    }
}

/// Notes a constraint that holds so between all of its tasks: its reader sees what it rests on.
pub(super) fn note(draft: &Draft, constraint: &ConstraintDraft, report: &mut Report) {
    let tasks = || constraint.tasks.iter().map(|(task, _)| *task);
    let holds = |(at, one): (usize, usize)| {
        tasks().skip(at.saturating_add(1)).all(|other| hold(draft, constraint.relation, one, other))
    };
    if !PEOPLE || constraint.tasks.len() < 2 || !tasks().enumerate().all(holds) {
        return;
    }
    let performers = tasks().filter_map(|task| draft.task(task)?.performer).gather::<BTreeSet<_>>();
    let several = performers.len() > 1;
    let actors = listed(performers.into_iter().map(|actor| draft.actor_name(actor)), SHOWN, "and");
    let message = match (constraint.relation, several) {
        (Relation::Separate, _) => words!("this constraint holds by the actors: {actors} share no SPIFFE ID"),
        (Relation::Bind, true) => words!("this constraint holds by the actors: {actors} are one SPIFFE ID"),
        (Relation::Bind, false) => words!("this constraint holds by the actors: {actors} has only one SPIFFE ID"),
    };
    let note = Diagnostic::new(Code::HoldsByIds, constraint.span, message);
    report.push(note.label("gates compare the performers all the same"));
}
