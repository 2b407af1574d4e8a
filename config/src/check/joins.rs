//! Joins that need the evidence of every incoming transition: whether they have a fork, and which
//! tokens carry it.
//!
//! The fork of a join J is the nearest task F through which every way to J's sources leads: an arrival
//! at F begins a round, and evidence of two rounds never mixes. So no cycle may come back to J without
//! passing F, or one round would meet itself.

use std::collections::BTreeSet;

use super::graph::{Dominators, Graph};
use crate::bounds::{MAX_CARRIED, MAX_JOINS, MAX_SOURCES};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::document::{Draft, TaskDraft};
use crate::report::{Report, listed, quote};
use crate::workflow::JoinKind;

/// A join and what it rests on.
pub(crate) struct AnalyzedJoin {
    pub(crate) task: usize,
    pub(crate) fork: usize,
    pub(crate) sources: Vec<usize>,
    /// The tasks whose tokens carry the fork: from which a way leads to the join without passing the fork.
    pub(crate) before: BTreeSet<usize>,
}

pub(super) fn check(draft: &Draft, graph: &Graph, dominators: &Dominators, report: &mut Report) -> Vec<AnalyzedJoin> {
    let all: Vec<(usize, &TaskDraft)> =
        draft.tasks.iter().enumerate().filter(|(_, task)| task.join == JoinKind::All).collect();
    if all.is_empty() {
        return Vec::new();
    }
    if let Some((_, task)) = all.get(MAX_JOINS) {
        let many = Diagnostic::new(Code::TooMany, task.span, format!("more than {MAX_JOINS} tasks have `join: all`"));
        report.push(many);
        return Vec::new();
    }
    let initial = draft.tasks.iter().enumerate().filter(|(_, task)| task.initial).map(|(index, _)| index);
    let reached = graph.closure(initial, None, |task| graph.successors(task));
    let mut carried: usize = 0;
    let mut joins = Vec::new();
    for (index, task) in all {
        let join = Joining { draft, graph, index, task }.net(dominators, &reached, report);
        if let Some(join) = join {
            carried = carried.saturating_add(join.before.len());
            if carried > MAX_CARRIED {
                let message = format!("more than {MAX_CARRIED} pairs of a task and a join ahead of it");
                report.push(Diagnostic::new(Code::TooMany, task.span, message).label("this join is past the bound"));
                return joins;
            }
            joins.push(join);
        }
    }
    joins
}

struct Joining<'c> {
    draft: &'c Draft,
    graph: &'c Graph,
    index: usize,
    task: &'c TaskDraft,
}

impl Joining<'_> {
    fn net(&self, dominators: &Dominators, reached: &[bool], report: &mut Report) -> Option<AnalyzedJoin> {
        let sources = self.graph.predecessors(self.index);
        let name = quote(self.task.name.as_str());
        let mut sound = true;
        let mut fail = |message: String, label: &str, help: &str| {
            sound = false;
            let span = self.task.join_span.unwrap_or(self.task.span);
            report.push(Diagnostic::new(Code::BadJoin, span, message).label(label).help(help));
        };
        if self.task.initial {
            fail(
                format!("the initial task {name} cannot be a join of all"),
                "a start has no evidence to show",
                "let another task be the initial one",
            );
        }
        if self.graph.successors(self.index).is_empty() {
            fail(
                format!("nothing leaves {name}, so its join guards nothing"),
                "a join guards what leaves its task",
                "put the effect into a task of its own, and let a transition lead there",
            );
        }
        if let Some(source) = sources.iter().find(|source| !reached.get(**source).copied().unwrap_or_default()) {
            let source = quote(self.draft.task_name(*source));
            fail(
                format!("the join {name} never completes: no instance comes to {source}"),
                "it needs the evidence of every incoming transition",
                "remove that transition, or let a way lead there from an initial task",
            );
        }
        if sources.len() > MAX_SOURCES {
            fail(
                format!("the join {name} has {} incoming transitions", sources.len()),
                "a request shows at most 64 tokens",
                "bring the branches together in several joins, one after the other",
            );
        }
        if !sound || self.task.initial {
            return None;
        }
        if sources.len() < 2 {
            let message = format!("the join {name} has less than two incoming transitions");
            let span = self.task.join_span.unwrap_or(self.task.span);
            report.push(Diagnostic::new(Code::NoEffect, span, message).label("`all` is the same as `any` here"));
        }
        self.check_holders(report);
        self.forked(sources, dominators, report)
    }

    /// Evidence is shown by who holds all of it: tokens belong to a SPIFFE ID, not to an actor.
    fn check_holders(&self, report: &mut Report) {
        let actor = self.task.performer.and_then(|performer| self.draft.actors.get(performer));
        if let Some(actor) = actor.filter(|actor| actor.spiffe.len() > 1) {
            let (task, actor) = (quote(self.task.name.as_str()), quote(actor.name.as_str()));
            let span = self.task.join_span.unwrap_or(self.task.span);
            let message = format!("the join {task} is performed by {actor}, who has several SPIFFE IDs");
            let scattered = Diagnostic::new(Code::ScatteredJoin, span, message);
            report.push(scattered.label("evidence that comes to different ones cannot be put together").help(
                "let all that comes to this task reach one SPIFFE ID, or give the task to an actor who has only one",
            ));
        }
    }

    fn forked(&self, sources: &[usize], dominators: &Dominators, report: &mut Report) -> Option<AnalyzedJoin> {
        if sources.is_empty() {
            return None;
        }
        let name = quote(self.task.name.as_str());
        let span = self.task.join_span.unwrap_or(self.task.span);
        let fork = dominators.nearest_common(sources).filter(|fork| *fork != self.index);
        let Some(fork) = fork else {
            let names = listed(sources.iter().map(|source| self.draft.task_name(*source)), 4, "and");
            let message = format!("the join {name} has no fork");
            let none = Diagnostic::new(Code::BadJoin, span, message)
                .label(format!("no task lies before {names} on every way"));
            report.push(none.help("what a join brings together must have been parted at one task before it"));
            return None;
        };
        let before = self.graph.closure([self.index], Some(fork), |task| self.graph.predecessors(task));
        let carries = |task: usize| before.get(task).copied().unwrap_or_default();
        if let Some(back) = self.graph.successors(self.index).iter().find(|next| carries(**next)) {
            let (back, fork) = (quote(self.draft.task_name(*back)), quote(self.draft.task_name(fork)));
            let message = format!("a cycle through the join {name} does not pass its fork {fork}");
            let cycle = Diagnostic::new(Code::BadJoin, span, message)
                .label(format!("by way of {back}, it comes back to itself"));
            report.push(cycle.help(format!(
                "let the cycle lead back to {fork} or before it: each arrival there begins a new round"
            )));
            return None;
        }
        let before = before.into_iter().enumerate().filter(|(_, carries)| *carries).map(|(task, _)| task).collect();
        Some(AnalyzedJoin { task: self.index, fork, sources: sources.to_vec(), before })
    }
}
