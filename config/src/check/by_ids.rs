//! Constraints that hold by the SPIFFE IDs of the actors alone, on whichever branches their tasks are.

use std::collections::BTreeSet;

use super::roles::Roles;
use crate::PEOPLE;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::document::{ConstraintDraft, Draft};
use crate::report::{Report, listed};
use crate::workflow::Relation;

/// Most actors that a message names.
const SHOWN: usize = 8;

/// Whether no workload could break the constraint between tasks of these two actors: for `separate` they share no SPIFFE ID,
/// for `bind` both have one and the same. An open segment covers no ID of another actor (E016).
pub(super) fn keep(draft: &Draft, roles: &Roles, relation: Relation, one: usize, other: usize) -> bool {
    let shared = || roles.sets(one).iter().any(|set| roles.sets(other).binary_search(set).is_ok());
    let only = |actor: usize| draft.actors.get(actor).is_some_and(|of| of.spiffe.len() == 1 && of.open.is_empty());
    match relation {
        Relation::Separate => one != other && !shared(),
        Relation::Bind => only(one) && only(other) && shared(),
    }
}

/// Notes a constraint that holds so between all of its tasks: its reader sees what it rests on.
pub(super) fn note(draft: &Draft, roles: &Roles, constraint: &ConstraintDraft, report: &mut Report) {
    if !PEOPLE {
        return;
    }
    let performers: Vec<usize> = constraint.tasks.iter().filter_map(|(task, _)| draft.task(*task)?.performer).collect();
    let tasks = performers.len();
    let performers = performers.into_iter().collect::<BTreeSet<usize>>();
    let keeps = |one: usize| {
        let mut others = performers.range(one.saturating_add(1)..);
        others.all(|other| keep(draft, roles, constraint.relation, one, *other))
    };
    let alone = match constraint.relation {
        Relation::Separate => performers.len() == tasks,
        Relation::Bind => performers.iter().all(|one| keep(draft, roles, constraint.relation, *one, *one)),
    };
    if tasks < 2 || !alone || !performers.iter().all(|one| keeps(*one)) {
        return;
    }
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
