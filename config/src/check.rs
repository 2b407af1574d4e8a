//! What must hold of a document as a whole: its graph, its joins, who carries what, what can be told apart.

mod callers;
mod constraints;
mod cycles;
mod graph;
mod joins;
mod reach;
mod requests;
mod token_size;

pub(crate) use joins::JoinNet;

use crate::document::Draft;
use crate::report::Report;

/// What the checks found out about a document's graph, for building the workflow.
pub(crate) struct Net {
    cyclic: Vec<bool>,
    /// The joins that need all their evidence, in the order of the document.
    pub(crate) joins: Vec<JoinNet>,
}

impl Net {
    /// Whether the task with this index lies on a cycle.
    pub(crate) fn on_cycle(&self, task: usize) -> bool {
        self.cyclic.get(task).copied().unwrap_or_default()
    }
}

/// Checks a draft. None where parts of it are missing: its graph would not be the one that is meant.
pub(crate) fn check(draft: &Draft, report: &mut Report) -> Option<Net> {
    constraints::check(draft, report);
    requests::check(draft, report);
    callers::check(draft, report);
    if !draft.complete {
        return None;
    }
    let graph = graph::Graph::of(draft);
    reach::check(draft, &graph, report);
    let cyclic = cycles::check(draft, &graph, report);
    let dominators = graph.dominators();
    constraints::check_order(draft, &dominators, report);
    let joins = joins::check(draft, &graph, &dominators, report);
    let net = Net { cyclic, joins };
    token_size::check(draft, &net, report);
    Some(net)
}
