//! Whether instances can begin, and which tasks they reach.

use crate::PEOPLE;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::document::Draft;
use crate::graph::Graph;
use crate::report::{Report, quote};
use crate::sorted::SortedSet;

pub(super) fn check(draft: &Draft, graph: &Graph, report: &mut Report) {
    if draft.tasks.iter().any(|task| task.initial) {
        if PEOPLE {
            unreachable(draft, graph, report);
        }
    } else if let Some(span) = draft.tasks_span {
        let none = Diagnostic::new(Code::NoInitial, span, "no task is initial, so no instance can begin");
        report.push(
            none.label("none of these tasks is initial")
                .help("add `initial: true` to the task in which instances begin"),
        );
    }
    if PEOPLE {
        idle(draft, report);
    }
}

fn unreachable(draft: &Draft, graph: &Graph, report: &mut Report) {
    let initial = draft.tasks.iter().enumerate().filter(|(_, task)| task.initial).map(|(index, _)| index);
    let reached = graph.closure(initial, None, |task| graph.successors(task));
    for (index, (task, reached)) in draft.tasks.iter().zip(reached).enumerate() {
        let (entered, left) = (!graph.predecessors(index).is_empty(), !graph.successors(index).is_empty());
        let name = quote(task.name.as_str());
        if reached && !entered && !left {
            let message = words!("an instance that begins with {name} cannot continue");
            let stuck = Diagnostic::new(Code::DeadEnd, task.span, message);
            report.push(stuck.label("it has no outgoing transition"));
        }
        if !reached {
            let reason = match (entered, left) {
                (true, _) => "no path leads to it from an initial task",
                (false, true) => "it has no incoming transition and is not initial",
                (false, false) => "it has no transition",
            };
            let message = words!("task {name} is unreachable: {reason}");
            report.push(Diagnostic::new(Code::Unreachable, task.span, message).label("no instance reaches it"));
        }
        if let (true, false, Some(span)) = (task.initial, entered, task.requests_span) {
            let message = words!("`requests` has no effect: no transition leads to {name}");
            report.push(Diagnostic::new(Code::NoEffect, span, message).label("remove it"));
        }
    }
}

fn idle(draft: &Draft, report: &mut Report) {
    let performers = draft.tasks.iter().filter_map(|task| task.performer);
    let callers = draft.transitions.iter().filter_map(|transition| transition.via.map(|(actor, _)| actor));
    let active: SortedSet<usize> = performers.chain(callers).collect();
    for (_, actor) in draft.actors.iter().enumerate().filter(|(index, _)| !active.contains(index)) {
        let message = words!("the actor {} performs no task", quote(actor.name.as_str()));
        report.push(
            Diagnostic::new(Code::Idle, actor.span, message)
                .label("and calls no task by `via`")
                .help("remove the actor, or give it a task"),
        );
    }
}
