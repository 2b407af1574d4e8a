//! Questions to the ancestry: how often, by whom, of which round.

use std::collections::BTreeSet;

use super::{Reader, ways};

impl Reader<'_> {
    /// How often the line of descent that has entered the task most often has entered it.
    pub fn visits(&self, evidence: &[usize], task: &str) -> u32 {
        let here = |arrival: &super::Arrival| {
            self.visits(&arrival.parents, task).saturating_add(u32::from(arrival.task == task))
        };
        evidence.iter().filter_map(|number| self.arrivals.get(*number)).map(here).max().unwrap_or_default()
    }

    /// Whether those who performed the tasks before, and this one, keep every constraint.
    pub(super) fn keeps_constraints(&self, evidence: &[usize], task: &str, performer: &str) -> bool {
        let before = self.before(evidence);
        let done = before.iter().filter_map(|number| self.arrivals.get(*number));
        let mut performed: BTreeSet<(&str, &str)> = done.map(|a| (a.task.as_str(), a.performer.as_str())).collect();
        performed.insert((task, performer));
        self.document.constraints.iter().all(|constraint| {
            let under: Vec<_> =
                performed.iter().filter(|(task, _)| constraint.tasks.iter().any(|wanted| wanted == task)).collect();
            under.iter().all(|(task, id)| {
                under.iter().all(
                    |(other, theirs)| {
                        if constraint.separate { task == other || id != theirs } else { id == theirs }
                    },
                )
            })
        })
    }

    fn before(&self, evidence: &[usize]) -> BTreeSet<usize> {
        let (mut found, mut open) = (BTreeSet::new(), evidence.to_vec());
        while let Some(number) = open.pop() {
            if found.insert(number) {
                open.extend(self.arrivals.get(number).into_iter().flat_map(|arrival| arrival.parents.clone()));
            }
        }
        found
    }

    /// Whether this is all that leaves the task needs to show: at a join, one arrival from each source, all of one
    /// round, also of any join further on whose fork lies before this one.
    pub(super) fn is_complete(&self, evidence: &[usize], at: &str) -> bool {
        let Some(fork) = self.forks.get(at) else { return evidence.len() == 1 };
        let mut shown: Vec<String> = evidence.iter().filter_map(|n| self.arrivals.get(*n)?.from.clone()).collect();
        let mut wanted = self.document.sources(at);
        shown.sort();
        wanted.sort();
        let ahead = self.forks.iter().filter(|(join, its)| {
            its.as_str() != at && ways::from(self.document, &[at], Some(its)).contains(join.as_str())
        });
        shown == wanted
            && self.rounds(evidence, fork).len() == 1
            && ahead.into_iter().all(|(_, fork)| self.rounds(evidence, fork).len() == 1)
    }

    /// What leaving the task by this evidence leaves: the arrival; at a join its round, whichever tokens show it.
    pub(super) fn left(&self, evidence: &[usize], at: &str) -> String {
        match self.forks.get(at) {
            Some(fork) => {
                let rounds: Vec<String> = self.rounds(evidence, fork).into_iter().collect();
                format!("({} @ {at})", rounds.join(" and "))
            }
            None => evidence.first().and_then(|n| self.arrivals.get(*n)).map(|a| a.name.clone()).unwrap_or_default(),
        }
    }

    /// The passages through the fork that these descend from, the nearest on each way back. A beginning without
    /// one is a round that is no other's.
    fn rounds(&self, evidence: &[usize], fork: &str) -> BTreeSet<String> {
        let mut rounds = BTreeSet::new();
        for arrival in evidence.iter().filter_map(|number| self.arrivals.get(*number)) {
            let parent = arrival.parents.first().and_then(|number| self.arrivals.get(*number));
            match parent {
                None => drop(rounds.insert("none".to_owned())),
                Some(parent) if parent.task == fork => drop(rounds.insert(arrival.left.clone())),
                Some(_) => rounds.extend(self.rounds(&arrival.parents, fork)),
            }
        }
        rounds
    }
}
