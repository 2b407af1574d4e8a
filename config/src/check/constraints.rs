//! Whether constraints can be satisfied and enforced.

use super::assignment::{self, MAX_STEPS};
use super::roles::Roles;
use super::{bound, by_ids, reassign};
use crate::PEOPLE;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::document::{ActorDraft, ConstraintDraft, Draft};
use crate::graph::{Dominators, Graph};
use crate::performed_before::PerformedBefore;
use crate::report::{Report, listed, quote};
use crate::sorted::{SortedMap, SortedSet};
use crate::spiffe::SpiffeId;
use crate::workflow::{JoinKind, Relation};

/// Most tasks that a message names.
const SHOWN: usize = 8;

pub(super) fn check(draft: &Draft, report: &mut Report) {
    let mut left = MAX_STEPS;
    for constraint in &draft.constraints {
        match constraint.relation {
            Relation::Separate => separate(draft, constraint, &mut left, report),
            Relation::Bind => {
                bind(draft, constraint, report);
                bound::check(draft, constraint, report);
            }
        }
    }
}

/// A token names the performers of the tasks before its own. Where neither of two tasks is before the other on every way, they
/// may be on different branches, and no gate could compare their performers; it need not where no workload could perform both.
/// Only then a constraint may be advisory: advice never takes away a rule that the gates could keep.
pub(super) fn check_order(draft: &Draft, graph: &Graph, dominators: &Dominators, report: &mut Report) {
    if draft.constraints.is_empty() {
        return;
    }
    let roles = Roles::of(draft);
    let joins = draft.tasks.iter().map(|task| task.join == JoinKind::All);
    let mut performed = PerformedBefore::of(graph, dominators, joins);
    for constraint in &draft.constraints {
        let unordered = unordered(draft, &roles, constraint, &mut performed);
        if constraint.advisory {
            if PEOPLE && draft.has_tokens() && !unordered.is_empty() {
                let tasks = constraint.tasks.iter().map(|(task, _)| draft.task_name(*task));
                let message = words!("no gate keeps this constraint: {}", listed(tasks, SHOWN, "and"));
                let advice =
                    Diagnostic::new(Code::OnlyAdvice, constraint.span, message).label("it is marked as advice");
                report.push(advice.help(
                    "where its tasks lie on one path, write it as a constraint of its own, without `advisory: true`",
                ));
            }
            let enforcing = draft.assurance.filter(|level| level.has_tokens() && unordered.is_empty());
            if let Some(level) = enforcing {
                let message = words!("this constraint is advisory, but level `{}` can enforce it", level.as_str());
                let advice = Diagnostic::new(Code::NotAdvisory, constraint.span, message);
                report.push(
                    advice
                        .label("each task lies on every path to the next, or the SPIFFE IDs alone keep it")
                        .help("remove `advisory: true`"),
                );
            }
            continue;
        }
        by_ids::note(draft, &roles, constraint, report);
        for ((first, first_span), (other, other_span)) in unordered {
            let (one, two) = (quote(draft.task_name(first)), quote(draft.task_name(other)));
            let message = words!("this constraint cannot be enforced: {one} and {two} may be on different branches");
            let (help, example) = match constraint.relation {
                Relation::Separate => (APART, reassign::apart(draft, first, other)),
                Relation::Bind => (TOGETHER, reassign::together(draft, constraint)),
            };
            report.push(
                Diagnostic::new(Code::BadConstraint, other_span, message)
                    .label("a token at this task may not name the performer of the other task")
                    .also(first_span, "the other task")
                    .help(help)
                    .maybe_example(example),
            );
        }
    }
}

/// How to correct a `separate` between branches.
const APART: &str = "give the tasks to actors that share no SPIFFE ID; or put one of them on every path to the other, with no \
                     way round it; `advisory: true` would make it advice, which no gate enforces";
/// How to correct a `bind` between branches.
const TOGETHER: &str = "give the tasks to actors that have only one SPIFFE ID, the same; or put one of them on every path to \
                        the other, with no way round it; `advisory: true` would make it advice, which no gate enforces";

/// A task and its place.
type Named = (usize, Span);

/// Of each task of a constraint that may be on another branch than a later one the first of these; where the IDs of their
/// actors keep the constraint, the branches do not matter.
fn unordered(
    draft: &Draft,
    roles: &Roles,
    constraint: &ConstraintDraft,
    performed: &mut PerformedBefore<'_>,
) -> Vec<(Named, Named)> {
    let performer = |task: usize| draft.task(task)?.performer;
    let mut found = Vec::new();
    for (at, first) in constraint.tasks.iter().enumerate() {
        let mut later = constraint.tasks.iter().skip(at.saturating_add(1));
        let other = later.find(|(other, _)| {
            let kept = || {
                performer(first.0)
                    .zip(performer(*other))
                    .is_some_and(|(one, other)| by_ids::keep(draft, roles, constraint.relation, one, other))
            };
            !performed.names(first.0, *other) && !performed.names(*other, first.0) && !kept()
        });
        found.extend(other.map(|other| (*first, *other)));
    }
    found
}

/// The tasks of a constraint, by performer.
fn by_performer(draft: &Draft, constraint: &ConstraintDraft) -> SortedMap<usize, Vec<usize>> {
    let mut tasks: SortedMap<usize, Vec<usize>> = SortedMap::new();
    for (task, _) in &constraint.tasks {
        if let Some(performer) = draft.task(*task).and_then(|task| task.performer) {
            tasks.entry(performer).or_default().push(*task);
        }
    }
    tasks
}

/// One actor can perform as many tasks separately as it has SPIFFE IDs; with more tasks, two must share an ID.
fn separate(draft: &Draft, constraint: &ConstraintDraft, left: &mut usize, report: &mut Report) {
    let performers = by_performer(draft, constraint);
    let mut found = false;
    for (performer, tasks) in &performers {
        // All IDs of an open segment are one performer, and it is not known which of two tasks it performs.
        let has_too_few = |actor: &&ActorDraft| match actor.open.is_empty() {
            true => actor.spiffe.len() < tasks.len(),
            false => tasks.len() > 1,
        };
        let Some(actor) = draft.actors.get(*performer).filter(has_too_few) else {
            continue;
        };
        found = true;
        // An actor without a valid ID has been reported.
        if actor.spiffe.is_empty() && actor.open.is_empty() {
            continue;
        }
        let names = listed(tasks.iter().map(|task| draft.task_name(*task)), 8, "and");
        let message = words!("this constraint cannot be satisfied: {} performs {names}", quote(actor.name.as_str()));
        let ids = match actor.spiffe.len() {
            _ if !actor.open.is_empty() => "all IDs of an open segment are one performer".to_owned(),
            1 => "it has only one SPIFFE ID".to_owned(),
            more => words!("it has only {more} SPIFFE IDs"),
        };
        report.push(
            Diagnostic::new(Code::BadConstraint, constraint.span, message)
                .label(ids)
                .also(actor.span, "this actor")
                .help(match actor.open.is_empty() {
                    true => "add SPIFFE IDs to the actor, or give the tasks to different actors",
                    false => "give the tasks to different actors",
                })
                .maybe_example(reassign::with_ids(draft, actor, tasks)),
        );
    }
    // A gate has no use for it: it denies what breaks the constraint.
    if PEOPLE && !found {
        shared(draft, constraint, &performers, left, report);
    }
}

/// Workloads that are several of the actors may be too few for all of them.
fn shared(
    draft: &Draft,
    constraint: &ConstraintDraft,
    performers: &SortedMap<usize, Vec<usize>>,
    left: &mut usize,
    report: &mut Report,
) {
    let mut numbers: SortedMap<&SpiffeId, usize> = SortedMap::new();
    let (mut ids, mut tasks) = (Vec::new(), Vec::new());
    for (performer, performed) in performers {
        let own = draft.actors.get(*performer).into_iter().flat_map(|actor| &actor.spiffe);
        let own = own.map(|(id, _)| {
            let next = numbers.len();
            *numbers.entry(id).or_insert(next)
        });
        let mut own: Vec<usize> = own.collect();
        // The IDs of an open segment are those of no other actor.
        if draft.actors.get(*performer).is_some_and(|actor| !actor.open.is_empty()) {
            own.push(usize::MAX.saturating_sub(*performer));
        }
        for task in performed {
            ids.push(own.clone());
            tasks.push(*task);
        }
    }
    let Some(lacking) = assignment::lacking(&ids, left) else { return };
    let names = lacking.iter().filter_map(|at| tasks.get(*at)).map(|task| draft.task_name(*task));
    let message = words!("this constraint cannot be satisfied: {} have too few performers", listed(names, 8, "and"));
    report.push(
        Diagnostic::new(Code::BadConstraint, constraint.span, message)
            .label("their actors share SPIFFE IDs, and together have fewer than these tasks")
            .help("add SPIFFE IDs to the actors, or give the tasks to actors that share none"),
    );
}

/// One workload performs all of the tasks, so it is each of their actors.
fn bind(draft: &Draft, constraint: &ConstraintDraft, report: &mut Report) {
    let performers = by_performer(draft, constraint);
    let ids = performers.keys().filter_map(|performer| draft.actors.get(*performer));
    let mut ids = ids.map(|actor| actor.spiffe.iter().map(|(id, _)| id).collect::<SortedSet<&SpiffeId>>());
    let Some(first) = ids.next() else { return };
    let common = ids.fold(first, |common, ids| common.iter().copied().filter(|id| ids.contains(id)).collect());
    if performers.len() > 1 && common.is_empty() {
        let names = listed(performers.keys().map(|actor| draft.actor_name(*actor)), 8, "and");
        let message = words!("this constraint cannot be satisfied: {names} have no SPIFFE ID in common");
        report.push(
            Diagnostic::new(Code::BadConstraint, constraint.span, message)
                .label("no workload could perform all of these tasks")
                .help(
                    "to let one workload perform them, give the tasks to one actor, or to actors that share a SPIFFE ID; if \
                     different workloads are to perform them, remove the `bind`",
                )
                .maybe_example(reassign::of_one_actor(draft, constraint)),
        );
    }
}
