//! The actors that one workload is at once.

use crate::document::Draft;
use crate::sorted::{SortedMap, SortedSet};

/// The actors of each workload, as sets: workloads that are the same actors count once.
pub(super) struct Roles {
    /// Of each actor the numbers of the sets in which it is; at least one.
    sets: Vec<Vec<usize>>,
}

impl Roles {
    pub(super) fn of(draft: &Draft) -> Self {
        let mut workloads: SortedMap<_, SortedSet<usize>> = SortedMap::new();
        for (number, actor) in draft.actors.iter().enumerate() {
            for (id, _) in &actor.spiffe {
                workloads.entry(id).or_default().insert(number);
            }
        }
        let mut all: SortedSet<SortedSet<usize>> = workloads.into_values().collect();
        // The workloads of an open segment, and of an actor whose IDs have errors.
        let none =
            draft.actors.iter().enumerate().filter(|(_, actor)| actor.spiffe.is_empty() || !actor.open.is_empty());
        all.extend(none.map(|(number, _)| SortedSet::from([number])));
        let mut sets = vec![Vec::new(); draft.actors.len()];
        for (set, actors) in all.iter().enumerate() {
            for actor in actors {
                sets.get_mut(*actor).into_iter().for_each(|sets: &mut Vec<usize>| sets.push(set));
            }
        }
        Self { sets }
    }

    /// The numbers of the sets in which the actor is. Two actors share a workload if they share a number.
    pub(super) fn sets(&self, actor: usize) -> &[usize] {
        self.sets.get(actor).map(Vec::as_slice).unwrap_or_default()
    }
}
