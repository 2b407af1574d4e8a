//! Joins that require evidence of every incoming transition: whether they have a fork, and which tokens carry it.
//!
//! The fork of a join J is the nearest task F through which every path to J's sources leads. An arrival at F begins a
//! round, and tokens of different rounds never complete a join together. So every cycle through J must pass F: otherwise
//! two passes through J would have the same round.

use crate::PEOPLE;
use crate::bounds::{MAX_CARRIED, MAX_JOINS, MAX_SOURCES};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::document::{Draft, TaskDraft};
use crate::graph::{Dominators, Graph};
use crate::report::{Report, listed, quote};
use crate::sorted::SortedSet;
use crate::workflow::JoinKind;

/// A join with its fork and its sources.
pub(crate) struct AnalyzedJoin {
    pub(crate) task: usize,
    pub(crate) fork: usize,
    pub(crate) sources: Vec<usize>,
    /// The tasks whose tokens carry the fork: those with a path to the join that does not pass the fork.
    pub(crate) before: SortedSet<usize>,
}

pub(super) fn check(draft: &Draft, graph: &Graph, dominators: &Dominators, report: &mut Report) -> Vec<AnalyzedJoin> {
    let all: Vec<(usize, &TaskDraft)> =
        draft.tasks.iter().enumerate().filter(|(_, task)| task.join == JoinKind::All).collect();
    if all.is_empty() {
        return Vec::new();
    }
    if let Some((_, task)) = all.get(MAX_JOINS) {
        let many = Diagnostic::new(Code::TooMany, task.span, words!("more than {MAX_JOINS} tasks have `join: all`"));
        report.push(many);
        return Vec::new();
    }
    let initial = draft.tasks.iter().enumerate().filter(|(_, task)| task.initial).map(|(index, _)| index);
    let reached = graph.closure(initial, None, |task| graph.successors(task));
    let mut carried: usize = 0;
    let mut joins = Vec::new();
    for (index, task) in all {
        let join = JoinCheck { draft, graph, index, task }.check(dominators, &reached, report);
        if let Some(join) = join {
            carried = carried.saturating_add(join.before.len());
            if carried > MAX_CARRIED {
                let message = words!("more than {MAX_CARRIED} pairs of a task and a later join");
                report.push(
                    Diagnostic::new(Code::TooMany, task.span, message)
                        .label("this join exceeds the bound")
                        .help("use fewer joins, or fewer tasks between a fork and its join"),
                );
                return joins;
            }
            joins.push(join);
        }
    }
    joins
}

struct JoinCheck<'c> {
    draft: &'c Draft,
    graph: &'c Graph,
    index: usize,
    task: &'c TaskDraft,
}

impl JoinCheck<'_> {
    fn check(&self, dominators: &Dominators, reached: &[bool], report: &mut Report) -> Option<AnalyzedJoin> {
        let sources = self.graph.predecessors(self.index);
        let name = quote(self.task.name.as_str());
        let mut valid = true;
        let mut reject = |message: String, label: &str, help: &str| {
            valid = false;
            let span = self.task.join_span.unwrap_or(self.task.span);
            report.push(Diagnostic::new(Code::BadJoin, span, message).label(label).help(help));
        };
        if self.task.initial {
            reject(
                words!("the initial task {name} cannot have `join: all`"),
                "an instance that begins here has no tokens to show",
                "make another task initial, or remove the `join`",
            );
        }
        if self.graph.successors(self.index).is_empty() {
            reject(
                words!("the join {name} guards nothing: it has no outgoing transition"),
                "a join guards the outgoing transitions of its task",
                "move the effect to a task of its own, and add a transition to it",
            );
        }
        if let Some(source) = sources.iter().find(|source| !reached.get(**source).copied().unwrap_or_default()) {
            let source = quote(self.draft.task_name(*source));
            reject(
                words!("the join {name} never completes: no instance reaches {source}"),
                "it requires a token from each incoming transition",
                "remove that transition, or add a path from an initial task",
            );
        }
        if sources.len() > MAX_SOURCES {
            reject(
                words!("the join {name} has {} incoming transitions", sources.len()),
                "a request shows at most 64 tokens",
                "join the branches in several joins, one after the other",
            );
        }
        if !valid || self.task.initial {
            return None;
        }
        if PEOPLE && sources.len() < 2 {
            let message = words!("`join: all` has no effect: {name} has fewer than two incoming transitions");
            let span = self.task.join_span.unwrap_or(self.task.span);
            report.push(Diagnostic::new(Code::NoEffect, span, message).label("`all` is the same as `any` here"));
        }
        if PEOPLE {
            self.check_holders(report);
        }
        self.find_fork(sources, dominators, report)
    }

    /// One workload must have all the tokens: a token belongs to a SPIFFE ID, not to an actor.
    fn check_holders(&self, report: &mut Report) {
        let actor = self.task.performer.and_then(|performer| self.draft.actors.get(performer));
        if let Some(actor) = actor.filter(|actor| actor.spiffe.len() > 1 || !actor.open.is_empty()) {
            let (task, actor) = (quote(self.task.name.as_str()), quote(actor.name.as_str()));
            let span = self.task.join_span.unwrap_or(self.task.span);
            let message = words!("the join {task} is performed by {actor}, which has several SPIFFE IDs");
            let scattered = Diagnostic::new(Code::ScatteredJoin, span, message);
            report.push(
                scattered
                    .label("tokens that reach different SPIFFE IDs cannot be shown together")
                    .help("route all calls of this task to one SPIFFE ID, or give the task to an actor with only one"),
            );
        }
    }

    fn find_fork(&self, sources: &[usize], dominators: &Dominators, report: &mut Report) -> Option<AnalyzedJoin> {
        if sources.is_empty() {
            return None;
        }
        let name = quote(self.task.name.as_str());
        let span = self.task.join_span.unwrap_or(self.task.span);
        let fork = dominators.nearest_common(sources).filter(|fork| *fork != self.index);
        let Some(fork) = fork else {
            let names = listed(sources.iter().map(|source| self.draft.task_name(*source)), 4, "and");
            let message = words!("the join {name} has no fork");
            let none = Diagnostic::new(Code::BadJoin, span, message)
                .label(words!("no task lies before {names} on every path"));
            report.push(none.help("let the branches of a join begin at one task, which lies on every path to them"));
            return None;
        };
        let before = self.graph.closure([self.index], Some(fork), |task| self.graph.predecessors(task));
        let is_before = |task: usize| before.get(task).copied().unwrap_or_default();
        if let Some(back) = self.graph.successors(self.index).iter().find(|next| is_before(**next)) {
            let (back, fork) = (quote(self.draft.task_name(*back)), quote(self.draft.task_name(fork)));
            let message = words!("a cycle through the join {name} does not pass its fork {fork}");
            let cycle = Diagnostic::new(Code::BadJoin, span, message)
                .label(words!("a path through {back} leads back to the join"));
            report.push(cycle.help(words!(
                "let the cycle lead back to {fork} or to a task before it: each arrival at {fork} begins a new round"
            )));
            return None;
        }
        let before = before.into_iter().enumerate().filter(|(_, is_before)| *is_before).map(|(task, _)| task).collect();
        Some(AnalyzedJoin { task: self.index, fork, sources: sources.to_vec(), before })
    }
}
