//! Joins whose evidence ends before a slow branch comes: each arrival at a join lives as long as the join's `ttl`, however
//! long the branches may take.

use std::rc::Rc;
use std::time::Duration;

use super::AnalyzedJoin;
use crate::PEOPLE;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::document::Draft;
use crate::duration::written;
use crate::graph::Graph;
use crate::report::{Report, listed, quote};
use crate::sorted::SortedMap;

/// Most tasks that a message names.
const SHOWN: usize = 4;

/// Warns of a join without a `ttl` of its own, if a branch may take longer than the tokens of the join live: by the times that
/// its tasks and transitions name, added up. A task that names none counts for nothing, since services answer at once. A `ttl`
/// of the join says how far apart its author lets the branches come.
pub(super) fn check(draft: &Draft, graph: &Graph, joins: &[AnalyzedJoin], report: &mut Report) {
    // A gate has no use for what only warns.
    if !PEOPLE || !draft.has_tokens() {
        return;
    }
    let Some(deadline) = draft.deadline else { return };
    let times = Times::of(draft, graph);
    for join in joins.iter().filter(|join| join.sources.len() > 1) {
        let Some(task) = draft.task(join.task).filter(|task| task.ttl.is_none()) else { continue };
        let Some(own) = draft.ttl(task).map(|ttl| ttl.min(deadline)) else { continue };
        let Some(slow) = times.slowest(join).filter(|slow| slow.takes.min(deadline) > own) else { continue };
        let longest = written(slow.takes.min(deadline));
        let name = quote(task.name.as_str());
        let slow = slow.tasks();
        let names = listed(slow.iter().map(|at| draft.task_name(*at)), SHOWN, "and");
        let together = if slow.len() > 1 { "together may" } else { "may" };
        let message = words!(
            "evidence at the join {name} ends after {}, and {names} {together} take {longest}: that of an earlier branch may end first",
            written(own)
        );
        let mut early = Diagnostic::new(Code::EarlyEvidence, task.join_span.unwrap_or(task.span), message)
            .label("a branch that comes early waits for the others no longer than this task's tokens live")
            .help(words!(
                "give {name} a `ttl` as long as its branches may come apart, such as `ttl: {longest}`: what leaves it ends with \
                 the first evidence"
            ));
        for task in slow.iter().take(SHOWN).filter_map(|at| draft.task(*at)) {
            if let Some((ttl, span)) = task.ttl {
                early = early.also(span, words!("{} may take {}", quote(task.name.as_str()), written(ttl)));
            }
        }
        report.push(early);
    }
}

/// The times that a document names.
struct Times<'d> {
    draft: &'d Draft,
    graph: &'d Graph,
    /// The tasks, those of one cycle together, each after all that lead to it.
    order: Vec<Vec<usize>>,
    /// The `after` of transitions, by the tasks that they leave and enter.
    after: SortedMap<(usize, usize), Duration>,
}

/// A way from a fork, which ends in one or more tasks of one cycle.
#[derive(Default)]
struct Way {
    takes: Duration,
    /// Of these tasks, those that take time.
    own: Vec<usize>,
    before: Option<Rc<Self>>,
}

impl Way {
    /// The tasks on it that take time.
    fn tasks(&self) -> Vec<usize> {
        let (mut parts, mut at) = (vec![self.own.as_slice()], &self.before);
        while let Some(way) = at {
            parts.push(&way.own);
            at = &way.before;
        }
        parts.into_iter().rev().flatten().copied().collect()
    }
}

impl<'d> Times<'d> {
    fn of(draft: &'d Draft, graph: &'d Graph) -> Self {
        let after = draft.transitions.iter().filter_map(|t| Some(((t.from, t.to), t.after?.0)));
        Self { draft, graph, order: graph.order(), after: after.collect() }
    }

    /// The way from the fork to the join that may take longest.
    fn slowest(&self, join: &AnalyzedJoin) -> Option<Rc<Way>> {
        let mut ways: SortedMap<usize, Rc<Way>> = SortedMap::new();
        ways.insert(join.fork, Rc::default());
        let is_on_way = |task: &usize| join.before.contains(task) && *task != join.fork || *task == join.task;
        for component in &self.order {
            let component: Vec<usize> = component.iter().filter(|task| is_on_way(task)).copied().collect();
            let edges =
                component.iter().flat_map(|to| self.graph.predecessors(*to).iter().map(move |from| (*from, *to)));
            let before = edges.filter_map(|(from, to)| self.with(ways.get(&from)?, from, to));
            let Some(before) = before.max_by_key(|way| way.takes) else { continue };
            let spent = component.iter().filter(|task| **task != join.task).filter_map(|task| self.spent(*task));
            let spent: Vec<(usize, Duration)> = spent.collect();
            let takes = spent.iter().fold(before.takes, |sum, (_, takes)| sum.saturating_add(*takes));
            let own = spent.into_iter().map(|(task, _)| task).collect();
            let way = Rc::new(Way { takes, own, before: Some(before) });
            for task in component {
                ways.insert(task, Rc::clone(&way));
            }
        }
        ways.get(&join.task).cloned()
    }

    /// The way, if it goes on by this transition. One that opens late takes time, if the task itself names none.
    fn with(&self, way: &Rc<Way>, from: usize, to: usize) -> Option<Rc<Way>> {
        let ttl = self.draft.task(from)?.ttl.filter(|_| way.before.is_some());
        match self.after.get(&(from, to)).filter(|_| ttl.is_none()) {
            Some(after) => {
                let takes = way.takes.saturating_add(*after);
                Some(Rc::new(Way { takes, own: vec![from], before: Some(Rc::clone(way)) }))
            }
            None => Some(Rc::clone(way)),
        }
    }

    /// The time that the visits of a task take, if it names one.
    fn spent(&self, task: usize) -> Option<(usize, Duration)> {
        let of = self.draft.task(task)?;
        let visits = of.max_visits.map_or(1, |(visits, _)| visits);
        Some((task, of.ttl?.0.saturating_mul(visits)))
    }
}
