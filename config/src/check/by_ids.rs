//! Constraints that hold by the SPIFFE IDs of the actors alone, on whichever branches their tasks are.

use std::collections::{BTreeMap, BTreeSet};

use fixedbitset::FixedBitSet;

use crate::PEOPLE;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::document::{ActorDraft, ConstraintDraft, Draft};
use crate::gather::Gather as _;
use crate::report::{Report, listed};
use crate::spiffe::SpiffeId;
use crate::workflow::Relation;

/// Most actors that a message names.
const SHOWN: usize = 8;

/// The SPIFFE IDs of the actors, by number.
pub(super) struct Ids {
    /// Of each actor those that share an ID with it, itself included if it has one.
    shared: Vec<FixedBitSet>,
    /// Of each actor its only ID, if it has one and no open segment.
    only: Vec<Option<usize>>,
}

impl Ids {
    pub(super) fn of(draft: &Draft) -> Self {
        let mut owners: BTreeMap<&SpiffeId, FixedBitSet> = BTreeMap::new();
        let actors = draft.actors.len();
        for (number, actor) in draft.actors.iter().enumerate() {
            for (id, _) in &actor.spiffe {
                owners.entry(id).or_insert_with(|| FixedBitSet::with_capacity(actors)).insert(number);
            }
        }
        let mut shared = vec![FixedBitSet::with_capacity(actors); actors];
        for owners in owners.values() {
            for owner in owners.ones() {
                shared.get_mut(owner).into_iter().for_each(|shared| shared.union_with(owners));
            }
        }
        let only = |actor: &ActorDraft| match actor.spiffe.as_slice() {
            [(id, _)] if actor.open.is_empty() => owners.keys().position(|known| *known == id),
            _ => None,
        };
        Self { shared, only: draft.actors.iter().map(only).collect() }
    }

    /// Whether no workload could break the constraint between tasks of these two actors: for `separate` they share no SPIFFE
    /// ID, for `bind` both have one and the same. An open segment covers no ID of another actor (E016).
    pub(super) fn keep(&self, relation: Relation, one: usize, other: usize) -> bool {
        let only = |actor: usize| self.only.get(actor).copied().flatten();
        match relation {
            Relation::Separate => one != other && self.shared.get(one).is_some_and(|shared| !shared.contains(other)),
            Relation::Bind => only(one).is_some() && only(one) == only(other),
        }
    }
}

/// Notes a constraint that holds so between all of its tasks: its reader sees what it rests on.
pub(super) fn note(draft: &Draft, ids: &Ids, constraint: &ConstraintDraft, report: &mut Report) {
    let performers: Vec<usize> = constraint.tasks.iter().filter_map(|(task, _)| draft.task(*task)?.performer).collect();
    let tasks = performers.len();
    let performers = performers.into_iter().gather::<BTreeSet<usize>>();
    let keeps = |one: usize| {
        let mut others = performers.range(one.saturating_add(1)..);
        others.all(|other| ids.keep(constraint.relation, one, *other))
    };
    let alone = match constraint.relation {
        Relation::Separate => performers.len() == tasks,
        Relation::Bind => performers.iter().all(|one| ids.keep(constraint.relation, *one, *one)),
    };
    if !PEOPLE || tasks < 2 || !alone || !performers.iter().all(|one| keeps(*one)) {
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
