//! Branches of a `split: all` that no join waits for, beside others that meet in one: perhaps a transition to the join is
//! missing, and what follows the join happens without this branch.

use fixedbitset::FixedBitSet;

use super::branches::{Branches, MAX_STEPS, says_all};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::document::Draft;
use crate::graph::Graph;
use crate::report::{Report, listed, quote};
use crate::workflow::JoinKind;

/// Most tasks that a message names.
const SHOWN: usize = 4;

/// Warns of each such branch, unless its first task says `join: any`.
pub(super) fn check(draft: &Draft, graph: &Graph, report: &mut Report) {
    let joins = || draft.tasks.iter().enumerate().filter(|(_, task)| task.join == JoinKind::All).map(|(join, _)| join);
    let size = draft.tasks.len().saturating_add(draft.transitions.len());
    let (mut left, sources) = (MAX_STEPS, |join| graph.predecessors(join).len());
    let joins_size: usize = joins().map(sources).sum();
    for (split, _) in draft.tasks.iter().enumerate().filter(|(_, task)| says_all(task)) {
        let arms = graph.successors(split);
        let Some(remaining) = left.checked_sub(arms.len().saturating_mul(size).saturating_add(joins_size)) else {
            return;
        };
        left = remaining;
        let branches = Branches::of(graph, split, arms);
        let joined = joins().map(|join| (join, branches.meeting_in(graph, join)));
        let joined: Vec<(usize, FixedBitSet)> = joined.filter(|(_, arms)| arms.count_ones(..) > 1).collect();
        let Some((join, together)) = joined.first() else { continue };
        for (number, arm) in arms.iter().enumerate() {
            let Some(task) = draft.task(*arm).filter(|task| task.join == JoinKind::Any && task.join_span.is_none())
            else {
                continue;
            };
            if joined.iter().any(|(_, arms)| arms.contains(number)) || branches.meets_another(number) {
                continue;
            }
            let (name, meeting) = (quote(task.name.as_str()), named(draft, *join));
            let others = arms.iter().enumerate().filter(|(other, _)| together.contains(*other));
            let others = listed(others.map(|(_, arm)| draft.task_name(*arm)), SHOWN, "and");
            let message = words!(
                "no join waits for {name}: the other branches of {} meet in {meeting}",
                quote(draft.task_name(split))
            );
            let ends = branches.ends_of(graph, number);
            let ends = listed(ends.iter().map(|end| draft.task_name(*end)), SHOWN, "or");
            let alone = Diagnostic::new(Code::Unjoined, task.span, message);
            let alone =
                alone.label(words!("what {others} lead to may happen before this branch has ended, or without it"));
            let missing = match draft.task(*join) {
                Some(several) if !several.sources.is_empty() => words!("list {ends} at its `from`, too"),
                _ => words!("add a transition to it from {ends}"),
            };
            report.push(alone.help(words!(
                "if that is to wait for it, {missing}; if this branch is to go on by itself, say so with `join: any` at {name}"
            )));
        }
    }
}

/// A join, as a document writes it.
fn named(draft: &Draft, join: usize) -> String {
    match draft.task(join).map(|task| task.sources.as_slice()) {
        Some([]) | None => quote(draft.task_name(join)),
        Some(sources) => {
            words!("the transition from {}", listed(sources.iter().map(|of| draft.task_name(*of)), SHOWN, "and"))
        }
    }
}
