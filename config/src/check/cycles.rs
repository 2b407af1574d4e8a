//! Cycles and their bounds.

use std::collections::VecDeque;

use crate::PEOPLE;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::document::Draft;
use crate::graph::Graph;
use crate::report::{Report, quote};

/// Most tasks of a cycle that a message names.
const SHOWN: usize = 8;

/// Whether each task lies on a cycle. Every task on a cycle requires a bound: no default would fit, since 1 would stop a
/// loop at its first turn and a high one would bound nothing.
pub(super) fn check(draft: &Draft, graph: &Graph, report: &mut Report) -> Vec<bool> {
    let components = graph.components();
    for (index, (task, component)) in draft.tasks.iter().zip(&components).enumerate() {
        let name = quote(task.name.as_str());
        match (component, task.max_visits) {
            (Some(_), None) => {
                let message = words!("task {name} lies on a cycle and has no `max_visits`");
                let mut unbounded = Diagnostic::new(Code::Unbounded, task.span, message)
                    .label("without it, a branch could enter this task without limit");
                // The search takes time, and each task of a large cycle may require one.
                if PEOPLE && !report.is_full() {
                    let cycle = shortest(graph, &components, index).into_iter();
                    let names: Vec<&str> = cycle.take(SHOWN).map(|task| draft.task_name(task)).collect();
                    let dots = if names.len() < SHOWN { "" } else { "… -> " };
                    let path = words!("{} -> {dots}{}", names.join(" -> "), task.name);
                    unbounded = unbounded
                        .help(words!("the cycle is {path}: add a bound to each of its tasks, such as `max_visits: 3`"));
                }
                report.push(unbounded);
            }
            (None, Some((_, span))) if PEOPLE => {
                let message = words!("`max_visits` has no effect: task {name} is not on a cycle");
                report.push(Diagnostic::new(Code::NoEffect, span, message).label("remove it"));
            }
            (Some(_), Some(_)) | (None, _) => {}
        }
    }
    components.iter().map(Option::is_some).collect()
}

/// The tasks of a shortest cycle through `start`, which comes first.
fn shortest(graph: &Graph, components: &[Option<usize>], start: usize) -> Vec<usize> {
    let component = components.get(start).copied().flatten();
    let mut from: Vec<Option<usize>> = vec![None; graph.tasks];
    let mut open = VecDeque::from([start]);
    while let Some(task) = open.pop_front() {
        for &next in graph.successors(task) {
            if next == start {
                return path_to(&from, task);
            }
            let inside = components.get(next).copied().flatten() == component;
            if let (true, Some(slot @ None)) = (inside, from.get_mut(next)) {
                *slot = Some(task);
                open.push_back(next);
            }
        }
    }
    vec![start]
}

/// The path from the start to `last`, by the task from which each task was found.
fn path_to(from: &[Option<usize>], last: usize) -> Vec<usize> {
    let mut path = vec![last];
    let mut at = last;
    while let Some(before) = from.get(at).copied().flatten() {
        path.push(before);
        at = before;
    }
    path.reverse();
    path
}
