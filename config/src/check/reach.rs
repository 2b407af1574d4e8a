//! Whether instances can begin, and where they come.

use super::graph::Graph;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::document::Draft;
use crate::report::{Report, quote};

pub(super) fn check(draft: &Draft, graph: &Graph, report: &mut Report) {
    if draft.tasks.iter().any(|task| task.initial) {
        unreachable(draft, graph, report);
    } else if let Some(span) = draft.tasks_span {
        let none = Diagnostic::new(Code::NoInitial, span, "no task is initial, so no instance can begin");
        report.push(none.label("none of these is initial").help("mark where an instance begins: `initial: true`"));
    }
    idle(draft, report);
}

fn unreachable(draft: &Draft, graph: &Graph, report: &mut Report) {
    let initial = draft.tasks.iter().enumerate().filter(|(_, task)| task.initial).map(|(index, _)| index);
    let reached = graph.closure(initial, None, |task| graph.successors(task));
    for (index, (task, reached)) in draft.tasks.iter().zip(reached).enumerate() {
        let (comes, leaves) = (!graph.predecessors(index).is_empty(), !graph.successors(index).is_empty());
        let name = quote(task.name.as_str());
        let found = match (reached, comes, leaves) {
            (true, false, false) => {
                Some((format!("an instance that begins with {name} goes nowhere"), "no transition leaves it"))
            }
            (false, false, false) => Some((format!("no transition leads to or from {name}"), "it is never reached")),
            (false, false, true) => {
                Some((format!("no transition leads to {name}, and it is not initial"), "it is never reached"))
            }
            (false, true, _) => {
                Some((format!("no instance comes to {name}"), "no way leads here from an initial task"))
            }
            (true, _, _) => None,
        };
        if let Some((message, label)) = found {
            report.push(Diagnostic::new(Code::Unreachable, task.span, message).label(label));
        }
        if let (true, false, Some(span)) = (task.initial, comes, task.requests_span) {
            let message = format!("no transition leads to {name}, so these requests say nothing");
            report.push(Diagnostic::new(Code::NoEffect, span, message).label("leave it out"));
        }
    }
}

fn idle(draft: &Draft, report: &mut Report) {
    let performers = draft.tasks.iter().filter_map(|task| task.performer);
    let callers = draft.transitions.iter().filter_map(|transition| transition.via.map(|(actor, _)| actor));
    let busy: std::collections::BTreeSet<usize> = performers.chain(callers).collect();
    for (_, actor) in draft.actors.iter().enumerate().filter(|(index, _)| !busy.contains(index)) {
        let message = format!("the actor {} performs no task", quote(actor.name.as_str()));
        report.push(Diagnostic::new(Code::Idle, actor.span, message).label("and carries no transition"));
    }
}
