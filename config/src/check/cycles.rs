//! Cycles, and what bounds them.

use std::collections::VecDeque;

use super::graph::Graph;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::document::Draft;
use crate::report::{Report, quote};

/// Most tasks of a cycle that a message names.
const SHOWN: usize = 8;

/// Whether each task lies on a cycle. Every one that does must say how often it may be entered: a
/// default would either stop a loop at its first turn or bound nothing.
pub(super) fn check(draft: &Draft, graph: &Graph, report: &mut Report) -> Vec<bool> {
    let components = graph.components();
    let mut bounded = Vec::new();
    for (index, (task, component)) in draft.tasks.iter().zip(&components).enumerate() {
        let name = quote(task.name.as_str());
        match (component, task.max_visits) {
            (Some(_), None) => {
                let message = format!("task {name} lies on a cycle and has no `max_visits`");
                let mut unbounded = Diagnostic::new(Code::Unbounded, task.span, message)
                    .label("nothing bounds how often it is entered");
                // To find a cycle takes time, and may be asked for each task of a large one.
                if !report.is_full() {
                    let around = shortest(graph, &components, index).into_iter();
                    let names: Vec<&str> = around.take(SHOWN).map(|task| draft.task_name(task)).collect();
                    let dots = if names.len() < SHOWN { "" } else { "… -> " };
                    let way = format!("{} -> {dots}{}", names.join(" -> "), task.name);
                    unbounded = unbounded
                        .help(format!("the cycle is {way}; each task on it needs a bound, such as `max_visits: 3`"));
                }
                report.push(unbounded);
            }
            (Some(_), Some((visits, _))) => bounded.push(format!("{name} {visits}")),
            (None, Some((_, span))) => {
                let message = format!("task {name} lies on no cycle, so `max_visits` says nothing");
                report.push(Diagnostic::new(Code::NoEffect, span, message).label("leave it out"));
            }
            (None, None) => {}
        }
    }
    note(draft, bounded, report);
    components.iter().map(Option::is_some).collect()
}

/// What the bounds come to. Each of several branches that run at the same time counts for itself, so
/// the total of an instance is the bound times the branches.
fn note(draft: &Draft, mut bounded: Vec<String>, report: &mut Report) {
    let Some(span) = draft.tasks_span.filter(|_| !bounded.is_empty()) else { return };
    let hidden = bounded.len().saturating_sub(SHOWN);
    bounded.truncate(SHOWN);
    if hidden > 0 {
        bounded.push(format!("and {hidden} more"));
    }
    let message = format!("one line of descent enters, at most: {}", bounded.join(", "));
    let note = Diagnostic::new(Code::Visits, span, message);
    report.push(note.label("branches that run at the same time count each for itself"));
}

/// The tasks of a shortest cycle through `start`, which comes first.
fn shortest(graph: &Graph, components: &[Option<usize>], start: usize) -> Vec<usize> {
    let component = components.get(start).copied().flatten();
    let mut from: Vec<Option<usize>> = vec![None; graph.tasks];
    let mut open = VecDeque::from([start]);
    while let Some(task) = open.pop_front() {
        for &next in graph.successors(task) {
            if next == start {
                return walked(&from, task);
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

fn walked(from: &[Option<usize>], last: usize) -> Vec<usize> {
    let mut way = vec![last];
    let mut at = last;
    while let Some(before) = from.get(at).copied().flatten() {
        way.push(before);
        at = before;
    }
    way.reverse();
    way
}
