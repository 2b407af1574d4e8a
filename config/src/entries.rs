//! How often one instance may enter each task at most: by parallel branches, several uses, cycles and joins.
//!
//! Counted as gates count, with one replica of each actor: a transition may leave each arrival as often as its `uses`, and
//! each round of a join. A line of descent enters a task on a cycle as often as its `max_visits`. Guards, constraints and
//! times only make it less often; at level `signed` a choice does not exclude.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::Dominators;
use crate::name::TaskName;
use crate::net::Net;
use crate::workflow::{Assurance, Workflow};

/// Steps of the count for one workflow. What takes more is too often to matter.
const MAX_STEPS: usize = 1 << 20;

/// How often requests may enter each task in one instance at most; `u64::MAX`: more often than can be counted. None at
/// level `identity`, which counts nothing.
pub fn most(workflow: &Workflow) -> Option<BTreeMap<&TaskName, u64>> {
    if workflow.assurance == Assurance::Identity {
        return None;
    }
    let net = Net::of(workflow);
    let (dominators, order) = (net.graph.dominators(), net.graph.order());
    let mut most = vec![0; net.tasks.len()];
    let mut left = Some(MAX_STEPS);
    // An instance begins in one of the initial tasks.
    for start in net.tasks.iter().enumerate().filter(|(_, task)| task.initial).map(|(at, _)| at) {
        let mut count = Count::new(&net, &dominators, left);
        count.run(start, &order);
        left = count.left;
        most.iter_mut().zip(count.entered).for_each(|(most, entered)| *most = entered.max(*most));
    }
    if left.is_none() {
        let initial = net.tasks.iter().enumerate().filter(|(_, task)| task.initial).map(|(at, _)| at);
        let begun = initial.flat_map(|start| net.graph.successors(start)).copied();
        let reached = net.graph.closure(begun, None, |task| net.graph.successors(task));
        most = reached.into_iter().map(|reached| if reached { u64::MAX } else { 0 }).collect();
    }
    Some(net.tasks.iter().map(|task| &task.name).zip(most).collect())
}

/// The count of what may follow from one start.
struct Count<'n> {
    net: &'n Net<'n>,
    dominators: &'n Dominators,
    /// How often requests enter each task.
    entered: Vec<u64>,
    /// How often each task may be left by one of its transitions: each arrival, or each round of a join, counts once.
    left_from: Vec<u64>,
    /// Steps that are left; none: there were too many.
    left: Option<usize>,
}

/// Arrivals at a task of a component, by how often the line of descent has entered each task of the component. Less
/// visited lines come first: they lead to more visited ones only.
type Lines = BTreeMap<(u64, Vec<u32>, usize), u64>;

/// A strongly connected component, whose tasks lie on a cycle.
struct Cycle<'c> {
    tasks: &'c [usize],
    bounds: Vec<u32>,
}

impl Cycle<'_> {
    fn place(&self, task: usize) -> Option<usize> {
        self.tasks.iter().position(|own| *own == task)
    }

    /// The visits after one more of each of these; none past a bound.
    fn after(&self, visits: &[u32], entered: impl IntoIterator<Item = usize>) -> Option<Vec<u32>> {
        let mut visits = visits.to_vec();
        for place in entered.into_iter().filter_map(|task| self.place(task)) {
            let count = visits.get_mut(place)?;
            *count = count.saturating_add(1);
            if self.bounds.get(place).is_some_and(|bound| *count > *bound) {
                return None;
            }
        }
        Some(visits)
    }
}

impl<'n> Count<'n> {
    fn new(net: &'n Net<'n>, dominators: &'n Dominators, left: Option<usize>) -> Self {
        let tasks = net.tasks.len();
        Self { net, dominators, entered: vec![0; tasks], left_from: vec![0; tasks], left }
    }

    /// Counts from a start; `order` has the components of the graph, each after all that lead to it.
    fn run(&mut self, start: usize, order: &[Vec<usize>]) {
        for component in order {
            let bound = |task: &usize| self.net.tasks.get(*task).and_then(|task| task.max_visits);
            let bounds: Option<Vec<u32>> = component.iter().map(bound).collect();
            match bounds {
                Some(bounds) => self.cycle(&Cycle { tasks: component, bounds }, start),
                None => component.iter().for_each(|task| self.single(*task, start)),
            }
        }
    }

    /// A task that is on no cycle.
    fn single(&mut self, task: usize, start: usize) {
        let begun = u64::from(task == start);
        let left_from = match self.net.join(task) {
            Some(join) => self.rounds(task, &join.fork),
            None => at(&self.entered, task).saturating_add(begun),
        };
        self.leave(task, left_from, None);
    }

    /// How many rounds of a join may be complete: no more than its fork began, or any source has brought tokens for.
    fn rounds(&self, join: usize, fork: &TaskName) -> u64 {
        let sources = self.net.graph.predecessors(join).iter().map(|source| {
            let uses = self.net.leaving(*source).iter().filter(|t| self.net.number(&t.to.name) == Some(join));
            let uses = uses.map(|transition| u64::from(transition.uses)).sum();
            at(&self.left_from, *source).saturating_mul(uses)
        });
        let begun = self.net.number(fork).map_or(0, |fork| at(&self.left_from, fork));
        sources.fold(begun, u64::min)
    }

    /// Takes each transition that leaves the task, each so many times its uses. Within a cycle it returns the tasks of
    /// the cycle that are entered so; others are entered at once.
    fn leave(&mut self, task: usize, times: u64, within: Option<&Cycle<'_>>) -> Vec<(usize, u64)> {
        if let Some(left_from) = self.left_from.get_mut(task) {
            *left_from = left_from.saturating_add(times);
        }
        let mut inside = Vec::new();
        self.spend(self.net.leaving(task).len());
        for transition in self.net.leaving(task) {
            let Some(to) = self.net.number(&transition.to.name) else { continue };
            let entered = times.saturating_mul(u64::from(transition.uses));
            if within.is_some_and(|cycle| cycle.place(to).is_some()) {
                inside.push((to, entered));
            } else if let Some(count) = self.entered.get_mut(to) {
                *count = count.saturating_add(entered);
            }
        }
        inside
    }

    fn spend(&mut self, steps: usize) {
        self.left = self.left.and_then(|left| left.checked_sub(steps));
    }

    fn cycle(&mut self, cycle: &Cycle<'_>, start: usize) {
        let mut lines = Lines::new();
        let none = vec![0; cycle.tasks.len()];
        for &task in cycle.tasks {
            let arrived = at(&self.entered, task).saturating_add(u64::from(task == start));
            add(&mut lines, cycle.after(&none, [task]), task, arrived);
        }
        while let Some(((_, visits, task), arrived)) = lines.pop_first() {
            // What leaves a join leaves its round.
            if self.net.join(task).is_none() {
                self.leave_in(cycle, task, &visits, arrived, &mut lines);
            }
            self.spend(cycle.tasks.len());
            if self.left.is_none() {
                return;
            }
        }
    }

    /// Leaves a task of a cycle, and the joins of the cycle whose rounds begin there.
    fn leave_in(&mut self, cycle: &Cycle<'_>, task: usize, visits: &[u32], times: u64, lines: &mut Lines) {
        for (to, entered) in self.leave(task, times, Some(cycle)) {
            let after = cycle.after(visits, [to]);
            if let (Some(count), true) = (self.entered.get_mut(to), after.is_some()) {
                *count = count.saturating_add(entered);
            }
            add(lines, after, to, entered);
        }
        let Some(forks) = self.net.tasks.get(task).map(|task| &task.forks) else { return };
        for join in forks.iter().filter_map(|join| self.net.number(join)).filter(|join| cycle.place(*join).is_some()) {
            if let Some(after) = cycle.after(visits, self.passed(task, join)) {
                self.leave_in(cycle, join, &after, times, lines);
            }
        }
    }

    /// The tasks through which every evidence of the join has come since its fork, the join included.
    fn passed(&self, fork: usize, join: usize) -> BTreeSet<usize> {
        let mut passed = BTreeSet::from([join]);
        let mut open = self.net.graph.predecessors(join).to_vec();
        while let Some(source) = open.pop() {
            let Some(between) = self.dominators.between(fork, source) else { continue };
            for task in between {
                if passed.insert(task) && self.net.join(task).is_some() {
                    open.extend(self.net.graph.predecessors(task));
                }
            }
        }
        passed
    }
}

fn at(counts: &[u64], task: usize) -> u64 {
    counts.get(task).copied().unwrap_or_default()
}

/// Adds arrivals to those of the same history.
fn add(lines: &mut Lines, visits: Option<Vec<u32>>, task: usize, arrived: u64) {
    let Some(visits) = visits.filter(|_| arrived > 0) else { return };
    let sum = visits.iter().map(|count| u64::from(*count)).sum();
    let count = lines.entry((sum, visits, task)).or_default();
    *count = count.saturating_add(arrived);
}
