//! Questions to the ancestry: how often, by whom, of which round.

use std::collections::BTreeSet;
use std::sync::Arc;

use stepgate_config::name::TaskName;
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Relation, Task};

use crate::arrival::Arrival;
use crate::reader::Reader;
use crate::ways;

impl Reader {
    /// How often the line of descent that has entered the task most often has entered it.
    pub fn visits(&self, evidence: &[Arc<Arrival>], task: &TaskName) -> u32 {
        let here = |arrival: &Arc<Arrival>| {
            let before = arrival.past.entered.get(task).copied().unwrap_or_default();
            let own = u32::from(arrival.task.name == *task);
            self.visits(&arrival.parents, task).saturating_add(before).saturating_add(own)
        };
        evidence.iter().map(here).max().unwrap_or_default()
    }

    /// Whether those who performed the tasks before, and this one, keep every constraint.
    pub fn keeps_constraints(&self, evidence: &[Arc<Arrival>], task: &Task, performer: &SpiffeId) -> bool {
        let mut performed = performed(evidence);
        performed.insert((task.name.clone(), performer.clone()));
        self.workflow.constraints.iter().all(|constraint| {
            let under: Vec<_> = performed.iter().filter(|(task, _)| constraint.tasks.contains(task)).collect();
            let kept =
                |(task, id): &(TaskName, SpiffeId), (other, theirs): &(TaskName, SpiffeId)| match constraint.relation {
                    Relation::Separate => task == other || id != theirs,
                    Relation::Bind => id == theirs,
                };
            under.iter().all(|one| under.iter().all(|other| kept(one, other)))
        })
    }

    /// Whether this is all that leaves the task needs to show: at a join, one arrival from each source, all of one
    /// round, also of any join further on whose fork lies before this one.
    pub(crate) fn is_complete(&self, evidence: &[Arc<Arrival>], at: &Task) -> bool {
        let Some(fork) = self.forks.get(&at.name) else { return evidence.len() == 1 };
        let together = ways::together(&self.workflow).any(|t| t.from.name == at.name);
        let source = |arrival: &'_ Arc<Arrival>| match together {
            true => Some(arrival.task.name.clone()),
            false => arrival.from.clone(),
        };
        let mut shown: Vec<TaskName> = evidence.iter().filter_map(source).collect();
        let mut required: Vec<TaskName> = ways::sources(&self.workflow, &at.name).into_iter().cloned().collect();
        shown.sort();
        required.sort();
        let ahead = self.forks.iter().filter(|(join, its)| **its != at.name && self.leads(at, join, its));
        let one_round = |fork: &TaskName| {
            let rounds = passages(evidence, fork);
            rounds.len() == 1 && !rounds.contains(&None)
        };
        shown == required && one_round(fork) && ahead.into_iter().all(|(_, fork)| one_round(fork))
    }

    /// Whether a way leads from the task to the join that does not pass the join's fork.
    pub(crate) fn leads(&self, at: &Task, join: &TaskName, fork: &TaskName) -> bool {
        ways::from(&self.workflow, &[&at.name], Some(fork)).contains(join)
    }

    /// The name of what is left: the arrival; at a join its round, whichever tokens show it.
    pub(crate) fn left(&self, evidence: &[Arc<Arrival>], at: &Task) -> String {
        match self.forks.get(&at.name) {
            Some(fork) => {
                let rounds: Vec<String> = passages(evidence, fork).into_iter().flatten().collect();
                format!("{}@{}", rounds.join("+"), at.name)
            }
            None => evidence.first().map(|arrival| arrival.name.clone()).unwrap_or_default(),
        }
    }

    /// Whether the task is a join whose fork is a join.
    pub fn is_tower(&self, task: &TaskName) -> bool {
        self.forks.get(task).is_some_and(|fork| self.forks.contains_key(fork))
    }
}

/// Who has performed which task, these counted.
pub(crate) fn performed(evidence: &[Arc<Arrival>]) -> BTreeSet<(TaskName, SpiffeId)> {
    let (mut done, mut seen, mut open) = (BTreeSet::new(), BTreeSet::new(), evidence.to_vec());
    while let Some(arrival) = open.pop() {
        if seen.insert(Arc::as_ptr(&arrival)) {
            done.insert((arrival.task.name.clone(), arrival.performer.clone()));
            done.extend(arrival.past.performed.iter().cloned());
            open.extend(arrival.parents.iter().cloned());
        }
    }
    done
}

/// The passages through the fork of which these are, or from which they descend.
pub(crate) fn passages(evidence: &[Arc<Arrival>], fork: &TaskName) -> BTreeSet<Option<String>> {
    let of = |arrival: &Arc<Arrival>| match arrival.task.name == *fork {
        true => BTreeSet::from([Some(arrival.name.clone())]),
        false => rounds(std::slice::from_ref(arrival), fork),
    };
    evidence.iter().flat_map(of).collect()
}

/// The passages through the fork that these descend from, the nearest on each way back.
pub(crate) fn rounds(evidence: &[Arc<Arrival>], fork: &TaskName) -> BTreeSet<Option<String>> {
    let mut rounds = BTreeSet::new();
    for arrival in evidence {
        let left: BTreeSet<&TaskName> = arrival.parents.iter().map(|parent| &parent.task.name).collect();
        // A join, and several tasks together, are left as one.
        let place = TaskName::of_several(left.iter().copied());
        match left.len() {
            0 => drop(rounds.insert(arrival.past.round.clone())),
            _ if place == *fork => drop(rounds.insert(Some(arrival.left.clone()))),
            1 => rounds.extend(self::rounds(&arrival.parents, fork)),
            _ => rounds.extend(passages(&arrival.parents, fork)),
        }
    }
    rounds
}
