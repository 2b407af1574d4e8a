//! Ways round a join: transitions that enter a task behind it without the evidence that the join collects.
//!
//! A join guards only the transitions that leave it. A task that is entered from the join and also from one of its branches
//! is open to that branch alone. Where the ways part before the fork at a task that says `split: one` or `any`, its author
//! has said that there is a way without the join, and nothing is wrong. Nor is it where the other way leaves another join of
//! the same fork: some of the branches are enough there.
//!
//! Only for people: a gate permits what the document says.

use std::collections::{BTreeSet, VecDeque};

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::graph::Dominators;
use crate::name::TaskName;
use crate::net::Net;
use crate::report::{Report, quote};
use crate::workflow::{Join, Split, Transition, Workflow};

/// Most tasks of a way that a message names.
const SHOWN: usize = 12;
/// Steps of the search in one document. Ways that take more are not found.
const MAX_STEPS: usize = 1 << 22;

/// Warns of each transition that goes round a join. Returns the tasks that they enter.
pub(crate) fn report<'w>(workflow: &'w Workflow, report: &mut Report) -> BTreeSet<&'w TaskName> {
    let net = Net::of(workflow);
    let dominators = net.graph.dominators();
    let size = net.tasks.len().saturating_add(workflow.transitions.len()).saturating_mul(8);
    let (mut left, mut entered) = (MAX_STEPS, BTreeSet::new());
    for join in workflow.joins.values().filter(|join| join.sources.len() > 1) {
        let Some(remaining) = left.checked_sub(size) else { return entered };
        left = remaining;
        let (Some(at), Some(fork)) = (net.number(&join.task), net.number(&join.fork)) else { continue };
        let round = Round { net: &net, dominators: &dominators, at, fork };
        for (transition, way) in round.ways() {
            let way: Vec<&str> =
                way.iter().filter_map(|at| net.tasks.get(*at)).map(|task| task.name.as_str()).collect();
            report.push(diagnostic(join, transition, &way));
            entered.insert(&transition.to.name);
        }
    }
    entered
}

/// A join and its fork, by number.
struct Round<'n, 'w> {
    net: &'n Net<'w>,
    dominators: &'n Dominators,
    at: usize,
    fork: usize,
}

/// Of each task that a search has reached the one before it, of a start itself.
type Reached = Vec<Option<usize>>;

impl<'w> Round<'_, 'w> {
    /// The transitions that go round, each with a shortest way: the tasks from the fork, or from the start, up to the one
    /// that it enters.
    fn ways(&self) -> Vec<(&'w Transition, Vec<usize>)> {
        let graph = &self.net.graph;
        let tasks = || self.net.tasks.iter().enumerate();
        let numbered =
            |holds: &dyn Fn(usize) -> bool| tasks().map(|(at, _)| at).filter(|at| holds(*at)).collect::<Vec<_>>();
        let is = |set: &[bool], task: usize| set.get(task) == Some(&true);
        let next = graph.successors(self.at).iter().copied();
        let behind = graph.closure(next, Some(self.fork), |at| graph.successors(at));
        let back = graph.closure([self.fork], None, |at| graph.predecessors(at));
        // What only leads back to the fork needs the join again.
        let ends = numbered(&|task| graph.successors(task).is_empty());
        let ends = graph.closure(ends, Some(self.fork), |at| graph.predecessors(at));
        let enters = |from: usize, to: usize| !is(&behind, from) && is(&behind, to) && is(&ends, to);
        let says = |task: usize| {
            let split = self.net.tasks.get(task).and_then(|task| task.split);
            matches!(split, Some(Split::One | Split::Any))
        };
        let initial = numbered(&|task| self.net.tasks.get(task).is_some_and(|task| task.initial));
        let outside =
            self.reach(initial, &[], |from, to| to != self.fork && !(is(&back, from) && says(from) && !is(&back, to)));
        let inside = self.reach([self.fork], &outside, |_, to| !self.dominators.dominates(to, self.fork));
        let mut ways = Vec::new();
        for transition in &self.net.workflow.transitions {
            let ends = self.net.number(&transition.from.name).zip(self.net.number(&transition.to.name));
            let Some((from, to)) = ends.filter(|(from, to)| !self.is_join_here(*from) && enters(*from, *to)) else {
                continue;
            };
            let of = |reached: &Reached| {
                let passes = |task: usize| reached.get(task).is_some_and(Option::is_some);
                (passes(from) && passes(to)).then(|| way(reached, from, to))
            };
            if let Some(way) = of(&inside).or_else(|| of(&outside).filter(|_| !is(&back, to))) {
                ways.push((transition.as_ref(), way));
            }
        }
        ways
    }

    /// Whether a task is this join, or another one of its fork.
    fn is_join_here(&self, task: usize) -> bool {
        self.net.join(task).is_some_and(|join| self.net.number(&join.fork) == Some(self.fork))
    }

    /// The tasks that a branch can leave without this join: another join only if all that it waits for comes without this
    /// one. `also` was reached before, and counts where another join waits for it.
    fn reach(
        &self,
        starts: impl IntoIterator<Item = usize>,
        also: &[Option<usize>],
        takes: impl Fn(usize, usize) -> bool,
    ) -> Reached {
        let mut reached: Reached = vec![None; self.net.tasks.len()];
        let mut open: VecDeque<usize> = starts.into_iter().collect();
        for start in &open {
            reached.get_mut(*start).into_iter().for_each(|slot| *slot = Some(*start));
        }
        while let Some(task) = open.pop_front() {
            for &next in self.net.graph.successors(task) {
                let has =
                    |source: &usize| [&reached, also].iter().any(|set| set.get(*source).is_some_and(Option::is_some));
                let waits = || self.net.join(next).is_some() && !self.net.graph.predecessors(next).iter().all(has);
                if next == self.at || !takes(task, next) || waits() {
                    continue;
                }
                if let Some(slot @ None) = reached.get_mut(next) {
                    *slot = Some(task);
                    open.push_back(next);
                }
            }
        }
        reached
    }
}

/// The way by which a search came to `from`, and then `to`.
fn way(reached: &Reached, from: usize, to: usize) -> Vec<usize> {
    let (mut way, mut at) = (vec![to, from], from);
    while let Some(before) = reached.get(at).copied().flatten().filter(|before| *before != at) {
        way.push(before);
        at = before;
    }
    way.reverse();
    way
}

fn diagnostic(join: &Join, transition: &Transition, way: &[&str]) -> Diagnostic {
    let (join, to) = (quote(join.task.as_str()), quote(transition.to.name.as_str()));
    let (first, last) = way.split_at(way.len().min(SHOWN).saturating_sub(1));
    let dots = if way.len() > SHOWN { "… -> " } else { "" };
    let last = last.last().copied().unwrap_or_default();
    let shown = words!("{} -> {dots}{last}", first.join(" -> "));
    let message = words!("{to} can be entered without the join {join}: `{shown}`");
    Diagnostic::new(Code::Bypass, transition.place, message).label(words!("this transition goes round {join}")).help(words!(
        "if {to} needs what {join} collects, remove the transition; if this way is meant, let it lead to a task of its own, so that \
         a token at {to} always proves that {join} was complete"
    ))
}
