//! Transitions that leave several tasks at once: which tokens a request shows together.

use std::sync::Arc;
use stepgate_config::sorted::SortedSet;

use stepgate_config::name::TaskName;
use stepgate_config::workflow::{Actor, Task};

use crate::denial::Denial;
use crate::gate::CompiledWorkflow;

/// The tasks at which the tokens of a request are.
pub(crate) type Shown<'t> = SortedSet<&'t TaskName>;

impl CompiledWorkflow {
    /// The joins of several tasks, all of these among them.
    pub(crate) fn joins_with<'c>(&'c self, shown: &Shown<'_>) -> impl Iterator<Item = &'c Arc<Task>> {
        let among = |join: &&Arc<Task>| shown.iter().all(|task| self.sources(join).binary_search(task).is_ok());
        self.several.iter().filter(among)
    }

    /// The join of exactly these several tasks.
    pub(crate) fn join_of(&self, shown: &Shown<'_>) -> Option<&Arc<Task>> {
        self.joins_with(shown).find(|join| self.sources(join).len() == shown.len())
    }

    /// The denial of a request that shows some of several tasks only, or one of them twice.
    pub(crate) fn incomplete(&self, shown: &Shown<'_>) -> Denial {
        let why = "exactly one token of each of its tasks is required";
        let sources = self.joins_with(shown).next().map(|join| self.sources(join).to_vec());
        Denial::JoinIncomplete { why, expected: sources.unwrap_or_default() }
    }

    /// Whether this actor goes on from the task with a receipt, alone or together with others.
    pub(crate) fn takes_receipt(&self, task: &Task, caller: &Actor) -> bool {
        let leaves = |at: &Task| self.leaving(at).iter().any(|next| next.takes_receipt_of(caller));
        let with_others = |join: &&Arc<Task>| self.sources(join).binary_search(&task.name).is_ok();
        leaves(task) || self.several.iter().filter(with_others).any(|join| leaves(join))
    }

    /// The tasks of which what leaves a join shows a token each.
    pub(crate) fn sources(&self, join: &Task) -> &[TaskName] {
        self.workflow.joins.get(&join.name).map(|join| join.sources.as_slice()).unwrap_or_default()
    }
}
