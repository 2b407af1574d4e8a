//! How far apart twins are minted (`docs/protocol.md`, "The replay record").

use crate::document::Draft;
use crate::graph::Graph;
use crate::workflow::Apart;

/// How far apart twins of each task's tokens may be. Each holder before may have presented its step at once to one replica,
/// and as late as it lived to another, so the delays add up: over the longest path, on a cycle as often as its bounds allow.
pub(super) fn apart(draft: &Draft, graph: &Graph) -> Vec<Apart> {
    let mut found: Vec<Option<Apart>> = vec![None; graph.tasks];
    for component in graph.order() {
        // All tasks before this component have theirs.
        let before = component.iter().flat_map(|task| graph.predecessors(*task));
        let before = before.filter_map(|task| Some(found.get(*task).copied().flatten()?.plus(late(draft, *task, 1))));
        let entered = before.fold(Apart::default(), Apart::max);
        let visits = |task: &usize| draft.task(*task).and_then(|task| task.max_visits).map_or(1, |(visits, _)| visits);
        let left = component.iter().fold(entered, |sum, task| sum.plus(late(draft, *task, visits(task))));
        for task in component {
            if let Some(slot) = found.get_mut(task) {
                // The last visit is that of the token itself.
                *slot = Some(left.minus(late(draft, task, 1)));
            }
        }
    }
    found.into_iter().map(Option::unwrap_or_default).collect()
}

/// The delay by the tokens of so many visits of the task, each presented as late as it lives.
fn late(draft: &Draft, task: usize, visits: u32) -> Apart {
    let ttl = draft.task(task).and_then(|task| draft.ttl(task)).unwrap_or_default();
    Apart { lives: ttl.saturating_mul(visits), tokens: visits }
}
