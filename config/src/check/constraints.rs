//! Whether constraints can hold at all.

use std::collections::BTreeMap;

use super::graph::Dominators;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::document::{ConstraintDraft, Draft};
use crate::report::{Report, listed, quote};
use crate::workflow::Relation;

pub(super) fn check(draft: &Draft, report: &mut Report) {
    for constraint in &draft.constraints {
        match constraint.relation {
            Relation::Separate => separate(draft, constraint, report),
            Relation::Bind => bind(draft, constraint, report),
        }
    }
}

/// A token tells who performed the tasks on its own way here. Where neither of two tasks lies on every way to
/// the other, they may be done side by side, and no gate could compare them.
pub(super) fn check_order(draft: &Draft, dominators: &Dominators, report: &mut Report) {
    for constraint in draft.constraints.iter().filter(|constraint| !constraint.advisory) {
        let mut rest = constraint.tasks.as_slice();
        while let Some(((first, first_span), others)) = rest.split_first() {
            rest = others;
            let apart = |(other, _): &&(usize, Span)| {
                !dominators.dominates(*first, *other) && !dominators.dominates(*other, *first)
            };
            let Some((other, other_span)) = others.iter().find(apart) else { continue };
            let (one, two) = (quote(draft.task_name(*first)), quote(draft.task_name(*other)));
            let message = format!("no gate can hold this constraint: {one} and {two} may be done side by side");
            report.push(
                Diagnostic::new(Code::BadConstraint, *other_span, message)
                    .label("an instance comes here without knowing who did the other")
                    .also(*first_span, "the other one")
                    .help("put one of them before the other on every way, or mark the constraint `advisory: true`"),
            );
        }
    }
}

/// The tasks of a constraint by who performs them.
fn by_performer(draft: &Draft, constraint: &ConstraintDraft) -> BTreeMap<usize, Vec<usize>> {
    let mut tasks: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (task, _) in &constraint.tasks {
        if let Some(performer) = draft.task(*task).and_then(|task| task.performer) {
            tasks.entry(performer).or_default().push(*task);
        }
    }
    tasks
}

/// Among as many tasks of one actor as it has SPIFFE IDs, each can have its own; among more, two must
/// share one. Actors share none.
fn separate(draft: &Draft, constraint: &ConstraintDraft, report: &mut Report) {
    for (performer, tasks) in by_performer(draft, constraint) {
        let Some(actor) = draft.actors.get(performer).filter(|actor| actor.spiffe.len() < tasks.len()) else {
            continue;
        };
        // An actor whose IDs were wrong has been reported.
        if actor.spiffe.is_empty() {
            continue;
        }
        let names = listed(tasks.iter().map(|task| draft.task_name(*task)), 8, "and");
        let message = format!("this constraint cannot hold: {} performs {names}", quote(actor.name.as_str()));
        let ids = match actor.spiffe.len() {
            1 => "it has only one SPIFFE ID".to_owned(),
            more => format!("it has only {more} SPIFFE IDs"),
        };
        report.push(
            Diagnostic::new(Code::BadConstraint, constraint.span, message)
                .label(ids)
                .also(actor.span, "this actor")
                .help("give the actor more SPIFFE IDs, or the tasks different actors"),
        );
    }
}

/// Actors share no SPIFFE ID, so one can perform tasks of one actor only.
fn bind(draft: &Draft, constraint: &ConstraintDraft, report: &mut Report) {
    let performers = by_performer(draft, constraint);
    if performers.len() > 1 {
        let names = listed(performers.keys().map(|actor| draft.actor_name(*actor)), 8, "and");
        let message = format!("this constraint cannot hold: {names} have no SPIFFE ID in common");
        report.push(
            Diagnostic::new(Code::BadConstraint, constraint.span, message)
                .label("no one could perform all of them")
                .help("bind only tasks of one actor"),
        );
    }
}
