//! Whether the tokens of a task name the performer of another: on every way to it, that one was performed before.
//!
//! What leaves a join shows a token of each source, and its child names all performers that these name. So a task behind a
//! join has all tasks of its branches before it. The join itself has not: each arrival there is of one branch.

use crate::graph::{Dominators, Graph};
use crate::sorted::SortedMap;

pub(crate) struct PerformedBefore<'g> {
    graph: &'g Graph,
    dominators: &'g Dominators,
    /// Whether each task is a join that needs all that leads to it.
    joins: Vec<bool>,
    /// Of a task those that some token reaches without it.
    without: SortedMap<usize, Vec<bool>>,
}

impl<'g> PerformedBefore<'g> {
    pub(crate) fn of(graph: &'g Graph, dominators: &'g Dominators, joins: impl Iterator<Item = bool>) -> Self {
        Self { graph, dominators, joins: joins.collect(), without: SortedMap::new() }
    }

    /// Whether every token of `task` names the performer of `before`. Unreachable tasks count as ordered.
    pub(crate) fn names(&mut self, before: usize, task: usize) -> bool {
        if self.dominators.dominates(before, task) {
            return true;
        }
        if !self.joins.contains(&true) {
            return false;
        }
        let (graph, joins) = (self.graph, &self.joins);
        let without = self.without.entry(before).or_insert_with(|| reached_without(graph, joins, before));
        !without.get(task).copied().unwrap_or(true)
    }
}

/// The tasks that a token can reach that does not name the performer of `before`.
fn reached_without(graph: &Graph, joins: &[bool], before: usize) -> Vec<bool> {
    let mut reached = vec![false; graph.tasks];
    let mut left = vec![false; graph.tasks];
    // Of each task, how many of those before it have not been left without.
    let mut missing: Vec<usize> = (0..graph.tasks).map(|task| graph.predecessors(task).len()).collect();
    let mut open: Vec<usize> = graph.initial().collect();
    while let Some(task) = open.pop() {
        if task == before {
            continue;
        }
        if let Some(reached) = reached.get_mut(task) {
            *reached = true;
        }
        // What leaves a join shows a token from each source: it is without only if they all are.
        let waits = joins.get(task) == Some(&true) && missing.get(task).is_some_and(|missing| *missing > 0);
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
