//! The branches of a `split: all`: which tasks each of them leads to.

use fixedbitset::FixedBitSet;

use crate::document::TaskDraft;
use crate::graph::Graph;
use crate::workflow::Split;

/// Steps of the search in one document. What takes more is not found; the counts of N001 say it all the same.
pub(super) const MAX_STEPS: usize = 1 << 22;

/// Whether the task says that all transitions that leave it are taken.
pub(super) fn says_all(task: &TaskDraft) -> bool {
    task.split.is_some_and(|(split, _)| split == Split::All)
}

/// The branches of a split, by number.
pub(super) struct Branches {
    split: usize,
    arms: Vec<usize>,
    /// Of each task the branches that lead to it before they come back to the split.
    by: Vec<FixedBitSet>,
}

impl Branches {
    pub(super) fn of(graph: &Graph, split: usize, arms: &[usize]) -> Self {
        let mut by = vec![FixedBitSet::with_capacity(arms.len()); graph.tasks];
        for (number, arm) in arms.iter().enumerate() {
            let reached = graph.closure([*arm], Some(split), |task| graph.successors(task));
            by.iter_mut().zip(reached).filter(|(_, reached)| *reached).for_each(|(by, _)| by.insert(number));
        }
        Self { split, arms: arms.to_vec(), by }
    }

    /// The branches that lead to a source of the join.
    pub(super) fn meeting_in(&self, graph: &Graph, join: usize) -> FixedBitSet {
        let mut meeting = FixedBitSet::with_capacity(self.arms.len());
        let ways = graph.predecessors(join).iter().filter_map(|source| self.ways(*source, join));
        ways.for_each(|ways| meeting.union_with(&ways));
        meeting
    }

    /// Whether the branch leads to a task to which another one leads, too.
    pub(super) fn meets_another(&self, arm: usize) -> bool {
        self.by.iter().any(|by| by.contains(arm) && by.count_ones(..) > 1)
    }

    /// The tasks of the branch that nothing leaves.
    pub(super) fn ends_of(&self, graph: &Graph, arm: usize) -> Vec<usize> {
        let own = self.by.iter().enumerate().filter(|(_, by)| by.contains(arm)).map(|(task, _)| task);
        own.filter(|task| graph.successors(*task).is_empty()).collect()
    }

    /// Whether two transitions enter the task from branches of which neither leads to the other's.
    pub(super) fn meet_at(&self, graph: &Graph, task: usize) -> bool {
        let ways: Vec<FixedBitSet> =
            graph.predecessors(task).iter().filter_map(|from| self.ways(*from, task)).collect();
        let apart = |one: &FixedBitSet, other: &FixedBitSet| !one.is_subset(other) && !other.is_subset(one);
        ways.iter().enumerate().any(|(at, one)| ways.iter().skip(at.saturating_add(1)).any(|other| apart(one, other)))
    }

    /// The branches that take the transition.
    fn ways(&self, from: usize, to: usize) -> Option<FixedBitSet> {
        if from != self.split {
            return self.by.get(from).filter(|by| !by.is_clear()).cloned();
        }
        let mut direct = FixedBitSet::with_capacity(self.arms.len());
        direct.insert(self.arms.iter().position(|arm| *arm == to)?);
        Some(direct)
    }
}
