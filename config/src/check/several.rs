//! Transitions from several tasks: one workload must hold a token of each, and each must be left by it in one way.

use crate::PEOPLE;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::document::{Draft, TaskDraft, TransitionDraft};
use crate::proposal;
use crate::report::{Report, listed, quote};
use crate::workflow::{JoinKind, Split};

/// Most tasks that a message names.
const SHOWN: usize = 4;

pub(super) fn check(draft: &Draft, report: &mut Report) {
    let joins = || draft.tasks.iter().filter(|task| !task.sources.is_empty());
    if joins().next().is_none() {
        return;
    }
    // Of each task, how many transitions leave it, alone or together with others.
    let mut ways = vec![0_usize; draft.tasks.len()];
    for source in draft.transitions.iter().flat_map(|transition| draft.sources(transition)) {
        ways.get_mut(source).into_iter().for_each(|ways| *ways = ways.saturating_add(1));
    }
    for join in joins() {
        for source in &join.sources {
            let is_choice = ways.get(*source).is_some_and(|ways| *ways > 1);
            check_source(draft, join, *source, is_choice, report);
        }
    }
    for transition in &draft.transitions {
        if let Some(join) = draft.task(transition.from).filter(|from| !from.sources.is_empty()) {
            check_caller(draft, transition, join, report);
        }
    }
}

/// A source has tokens of one arrival each, and the transition may take them.
fn check_source(draft: &Draft, join: &TaskDraft, source: usize, is_choice: bool, report: &mut Report) {
    let Some(task) = draft.task(source) else { return };
    let name = quote(task.name.as_str());
    let (message, label, help) = if task.initial {
        (
            words!("an instance begins in {name}: no other task has been reached then"),
            "a start shows no token of the other tasks",
            "leave the initial task by a transition of its own, and name a later task here",
        )
    } else if task.join == JoinKind::All {
        (
            words!("{name} has `join: all`: what leaves it shows a token of each task before it"),
            "a request shows exactly one token of each task in the list",
            "let a task follow the join, and name that task here",
        )
    } else if is_choice && task.split.is_some_and(|(split, _)| split == Split::One) {
        (
            words!("{name} has `split: one` and another way out"),
            "where that is taken, this transition never is",
            "write `split: all` or `split: any`, or let this transition leave a task that only follows this choice",
        )
    } else {
        return;
    };
    let also = (task.span, words!("task {name}"));
    report.push(Diagnostic::new(Code::BadJoin, join.span, message).label(label).also(also.0, also.1).help(help));
}

/// One workload sends the request: the performer of all the tasks, with its arrivals, or the actor in `via`, with receipts.
fn check_caller(draft: &Draft, transition: &TransitionDraft, join: &TaskDraft, report: &mut Report) {
    let performer = |task: &usize| draft.task(*task).and_then(|task| task.performer);
    let Some(caller) = draft.caller(transition) else {
        // An unknown actor has been reported.
        if join.sources.iter().all(|task| performer(task).is_some()) {
            let tasks = listed(join.sources.iter().map(|task| draft.task_name(*task)), SHOWN, "and");
            let message = words!("{tasks} have different performers, so none of them has a token of each");
            let apart =
                Diagnostic::new(Code::BadJoin, transition.span, message).label("one workload sends the request");
            let apart = apart.help("name the actor in `via` that calls all of these tasks: it has a receipt of each");
            report.push(apart.maybe_example(via_their_caller(draft, transition, join)));
        }
        return;
    };
    let name = quote(draft.actor_name(caller));
    let own = join.sources.iter().find(|task| performer(task) == Some(caller));
    if let Some((own, (_, span))) = own.zip(transition.via) {
        let own = quote(draft.task_name(*own));
        let message = words!("{name} performs {own} itself, so it has no receipt of it");
        let mixed = Diagnostic::new(Code::BadVia, span, message).label("with `via`, a request shows receipts only");
        report.push(mixed.help(words!("leave {own} out, or give {name} a task after each of these, and list those")));
    }
    let Some(actor) = draft.actors.get(caller).filter(|actor| actor.spiffe.len() > 1 || !actor.open.is_empty()) else {
        return;
    };
    let message = words!("{name} sends this request, and has several SPIFFE IDs");
    let scattered = Diagnostic::new(Code::BadJoin, transition.span, message)
        .label("tokens of different SPIFFE IDs cannot be shown together")
        .also(actor.span, "this actor");
    report.push(scattered.help("give these tasks, or the `via`, to an actor with exactly one SPIFFE ID"));
}

/// The transition via the one actor that calls all of its tasks and performs none; none where there is no such actor, or its
/// receipts are of several SPIFFE IDs.
fn via_their_caller(draft: &Draft, transition: &TransitionDraft, join: &TaskDraft) -> Option<String> {
    if !PEOPLE || transition.via.is_some() {
        return None;
    }
    let mut callers = draft.edges().filter(|edge| join.sources.contains(&edge.to)).map(|edge| edge.caller);
    let caller = callers.next()??;
    let performs = join.sources.iter().any(|task| draft.task(*task).is_some_and(|task| task.performer == Some(caller)));
    let has_one_id = draft.actors.get(caller).is_some_and(|actor| actor.spiffe.len() == 1 && actor.open.is_empty());
    if performs || !has_one_id || callers.any(|other| other != Some(caller)) {
        return None;
    }
    let ends = (&*proposal::from(draft, transition), draft.task_name(transition.to));
    Some(words!("- {}", proposal::transition(transition, ends, Some(draft.actor_name(caller)))))
}
