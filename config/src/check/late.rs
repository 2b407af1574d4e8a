//! Transitions that open only when the instance has ended: the `after` of all transitions on the way add up.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use crate::PEOPLE;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::document::Draft;
use crate::duration::written;
use crate::graph::Graph;
use crate::proposal;
use crate::report::{Report, quote};

/// Warns of each. One that opens so late by itself is an error.
pub(super) fn check(draft: &Draft, graph: &Graph, report: &mut Report) {
    if !PEOPLE || !draft.has_tokens() || draft.transitions.iter().all(|t| t.after.is_none()) {
        return;
    }
    let Some(deadline) = draft.deadline else { return };
    let earliest = earliest(draft, graph);
    for transition in &draft.transitions {
        let (Some((after, span)), Some(Some(arrival))) = (transition.after, earliest.get(transition.from)) else {
            continue;
        };
        let opens = arrival.saturating_add(after);
        if after >= deadline || opens < deadline {
            continue;
        }
        let [from, to] = [proposal::from(draft, transition), draft.task_name(transition.to).to_owned()];
        let message = words!(
            "no instance takes {}: it opens {} after the start at the earliest",
            quote(&words!("{from} -> {to}")),
            written(opens)
        );
        let late = Diagnostic::new(Code::Late, span, message);
        report.push(late.label(words!("and each instance ends after {}", written(deadline))).help(words!(
            "an instance reaches {} after {} at the earliest, by the `after` of the transitions before: write a longer `deadline`, or \
             a shorter `after`",
            quote(&from),
            written(*arrival)
        )));
    }
}

/// How long after its start an instance reaches each task at the earliest. None: no instance reaches it.
fn earliest(draft: &Draft, graph: &Graph) -> Vec<Option<Duration>> {
    let mut leaving: Vec<Vec<(usize, Duration)>> = vec![Vec::new(); graph.tasks];
    let waits = draft.transitions.iter().map(|t| t.after.map_or(Duration::ZERO, |(after, _)| after));
    for (edge, wait) in draft.edges().zip(waits.chain(std::iter::repeat(Duration::ZERO))) {
        leaving.get_mut(edge.from).into_iter().for_each(|leaving| leaving.push((edge.to, wait)));
    }
    let mut found: Vec<Option<Duration>> = vec![None; graph.tasks];
    let initial = draft.tasks.iter().enumerate().filter(|(_, task)| task.initial).map(|(task, _)| task);
    let mut open: BinaryHeap<Reverse<(Duration, usize)>> =
        initial.map(|task| Reverse((Duration::ZERO, task))).collect();
    while let Some(Reverse((at, task))) = open.pop() {
        let Some(slot @ None) = found.get_mut(task) else { continue };
        *slot = Some(at);
        for (to, wait) in leaving.get(task).into_iter().flatten() {
            open.push(Reverse((at.saturating_add(*wait), *to)));
        }
    }
    found
}
