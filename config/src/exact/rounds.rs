//! Whether the token that stands for all evidence of a join can exist twice in one round.

use crate::name::TaskName;
use crate::net::Net;
use crate::workflow::{Join, Split};

/// The steps between the tasks of a workflow, where a join follows its fork: a round of it is complete once.
pub(super) struct Rounds<'n> {
    net: &'n Net<'n>,
    next: Vec<Vec<Step>>,
    before: Vec<Vec<usize>>,
}

/// A step to a task, and how often it may be taken.
#[derive(Debug, Clone, Copy)]
struct Step {
    to: usize,
    uses: u32,
}

impl<'n> Rounds<'n> {
    pub(super) fn of(net: &'n Net<'n>) -> Self {
        let tasks = net.tasks.len();
        let mut this = Self { net, next: vec![Vec::new(); tasks], before: vec![Vec::new(); tasks] };
        for from in 0..tasks {
            for transition in net.leaving(from) {
                let to = net.number(&transition.to.name).filter(|to| net.join(*to).is_none());
                to.into_iter().for_each(|to| this.add(from, Step { to, uses: transition.uses }));
            }
        }
        for join in net.workflow.joins.values() {
            if let (Some(fork), Some(to)) = (net.number(&join.fork), net.number(&join.task)) {
                this.add(fork, Step { to, uses: 1 });
            }
        }
        this
    }

    fn add(&mut self, from: usize, step: Step) {
        if let (Some(next), Some(before)) = (self.next.get_mut(from), self.before.get_mut(step.to)) {
            next.push(step);
            before.push(from);
        }
    }

    /// Whether one arrival at the fork of this join can lead to two tokens of its source `first`.
    ///
    /// It can if two ways lead from the fork to that source and no choice excludes one of them, or if a transition on a way has
    /// several uses.
    pub(super) fn twice(&self, join: &Join, first: &TaskName) -> bool {
        let (Some(fork), Some(source)) = (self.net.number(&join.fork), self.net.number(first)) else { return true };
        // The evidence of `join: all` is what the source's transition brings; that of a list is a token of the source.
        let last = self.net.leaving(source).iter().find(|t| !join.several && t.to.name == join.task);
        if last.is_some_and(|last| last.uses > 1) {
            return true;
        }
        let behind = self.behind(fork, source);
        let ahead = self.ahead(fork);
        let is_between = |task: usize| ahead.get(task) == Some(&true) && behind.get(task) == Some(&true);
        let between: Vec<usize> = (0..self.next.len()).filter(|task| is_between(*task)).collect();
        // A way that comes back to the fork begins another round.
        let ways = |task: usize| self.next(task).iter().filter(|step| step.to != fork && is_between(step.to));
        let excludes = |task: usize| self.net.tasks.get(task).is_some_and(|task| task.split == Some(Split::One));
        // The way on to the join counts, too: a cycle brings a second token only where a task on it also lets one leave it.
        let count = |task: usize| ways(task).count().saturating_add(usize::from(task == source));
        let several = |task: &usize| ways(*task).any(|step| step.uses > 1) || !excludes(*task) && count(*task) > 1;
        between.iter().any(several)
    }

    fn next(&self, task: usize) -> &[Step] {
        self.next.get(task).map_or(&[], Vec::as_slice)
    }

    /// The tasks to which ways lead from the fork, itself included.
    fn ahead(&self, fork: usize) -> Vec<bool> {
        let mut found = vec![false; self.next.len()];
        let mut open = vec![fork];
        while let Some(task) = open.pop() {
            if let Some(seen @ false) = found.get_mut(task) {
                *seen = true;
                open.extend(self.next(task).iter().map(|step| step.to));
            }
        }
        found
    }

    /// The tasks from which ways lead to the source, itself included, that do not pass the fork.
    fn behind(&self, fork: usize, source: usize) -> Vec<bool> {
        let mut found = vec![false; self.before.len()];
        let mut open = vec![source];
        while let Some(task) = open.pop() {
            if let Some(seen @ false) = found.get_mut(task) {
                *seen = true;
                let before = self.before.get(task).filter(|_| task != fork);
                open.extend(before.into_iter().flatten());
            }
        }
        found
    }
}
