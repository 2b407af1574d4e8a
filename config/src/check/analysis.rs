//! The results of the checks, from which the checked workflow is built.

use super::joins::AnalyzedJoin;
use crate::workflow::Apart;

/// The results of the checks on a document's graph.
pub(crate) struct Analysis {
    /// Whether each task lies on a cycle.
    pub(super) cyclic: Vec<bool>,
    /// The joins that require evidence of every incoming transition, in the order of the document.
    pub(crate) joins: Vec<AnalyzedJoin>,
    /// Whether several transitions leave each task.
    pub(super) splits: Vec<bool>,
    /// Whether each task is a join, or a path leads to it from one.
    pub(super) behind: Vec<bool>,
    /// How far apart twins of each task's tokens are minted.
    pub(super) apart: Vec<Apart>,
}

impl Analysis {
    /// Whether the task with this index lies on a cycle.
    pub(crate) fn on_cycle(&self, task: usize) -> bool {
        self.cyclic.get(task).copied().unwrap_or_default()
    }

    /// How far apart twins of the tokens of the task with this index are minted.
    pub(crate) fn apart(&self, task: usize) -> Apart {
        self.apart.get(task).copied().unwrap_or_default()
    }

    /// Whether several transitions leave the task with this index.
    pub(crate) fn splits(&self, task: usize) -> bool {
        self.splits.get(task).copied().unwrap_or_default()
    }

    /// Whether the task with this index is a join, or a path leads to it from one.
    pub(crate) fn behind_join(&self, task: usize) -> bool {
        self.behind.get(task).copied().unwrap_or_default()
    }
}
