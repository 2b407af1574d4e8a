//! Whether the tokens of a task name the performer of another: on every way to it, that one was performed before.
//!
//! What leaves a join shows a token of each source, and its child names all performers that these name. So a task behind a
//! join has all tasks of its branches before it. The join itself has not: each arrival there is of one branch.

use crate::document::Draft;
use crate::graph::{Dominators, Graph};
use crate::sorted::SortedMap;
use crate::workflow::JoinKind;

pub(super) struct PerformedBefore<'d> {
    draft: &'d Draft,
    graph: &'d Graph,
    dominators: &'d Dominators,
    has_joins: bool,
    /// Of a task those that some token reaches without it.
    without: SortedMap<usize, Vec<bool>>,
}

impl<'d> PerformedBefore<'d> {
    pub(super) fn of(draft: &'d Draft, graph: &'d Graph, dominators: &'d Dominators) -> Self {
        let has_joins = draft.tasks.iter().any(|task| task.join == JoinKind::All);
        Self { draft, graph, dominators, has_joins, without: SortedMap::new() }
    }

    /// Whether every token of `task` names the performer of `before`. Unreachable tasks count as ordered.
    pub(super) fn names(&mut self, before: usize, task: usize) -> bool {
        if self.dominators.dominates(before, task) {
            return true;
        }
        if !self.has_joins {
            return false;
        }
        let (draft, graph) = (self.draft, self.graph);
        let without = self.without.entry(before).or_insert_with(|| reached_without(draft, graph, before));
        !without.get(task).copied().unwrap_or(true)
    }
}

/// The tasks that a token can reach that does not name the performer of `before`.
fn reached_without(draft: &Draft, graph: &Graph, before: usize) -> Vec<bool> {
    let mut reached = vec![false; graph.tasks];
    // Of each task, how many of those before it have not been left without.
    let mut missing: Vec<usize> = (0..graph.tasks).map(|task| graph.predecessors(task).len()).collect();
    let mut left = vec![false; graph.tasks];
    let initial = |task: &usize| draft.task(*task).is_some_and(|task| task.initial);
    let mut open: Vec<usize> = (0..graph.tasks).filter(initial).collect();
    while let Some(task) = open.pop() {
        if task == before {
            continue;
        }
        if let Some(reached) = reached.get_mut(task) {
            *reached = true;
        }
        // What leaves a join shows a token from each source: it is without only if they all are.
        let waits = draft.task(task).is_some_and(|task| task.join == JoinKind::All)
            && missing.get(task).is_some_and(|missing| *missing > 0);
        if waits {
            continue;
        }
        if let Some(left @ false) = left.get_mut(task) {
            *left = true;
            for next in graph.successors(task) {
                missing.get_mut(*next).into_iter().for_each(|missing| *missing = missing.saturating_sub(1));
                open.push(*next);
            }
        }
    }
    reached
}
