//! What follows a `split: all` more often than its author perhaps means: parallel branches that meet in a task without a
//! join, which each of them enters; and initial tasks behind another one, before which an instance may begin.

use std::collections::BTreeSet;

use fixedbitset::FixedBitSet;

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::document::{Draft, TaskDraft};
use crate::graph::Graph;
use crate::name::TaskName;
use crate::report::{Report, listed, quote};
use crate::workflow::{JoinKind, Split};

/// Most tasks that a message names.
const SHOWN: usize = 4;
/// Steps of the search in one document. What takes more is not found; the counts of N001 say it all the same.
const MAX_STEPS: usize = 1 << 22;

/// Warns of both, in a draft without errors. A task that says `join: any` is meant to be entered by each branch, and of one in
/// `bypassed` it is known already that it does not wait. Only for people: a gate permits what the document says.
pub(crate) fn check(draft: &Draft, bypassed: &BTreeSet<&TaskName>, report: &mut Report) {
    if !draft.has_tokens() {
        return;
    }
    let graph = &draft.graph();
    begun_behind(draft, graph, report);
    let size = draft.tasks.len().saturating_add(draft.transitions.len());
    let (mut left, mut reported) = (MAX_STEPS, FixedBitSet::with_capacity(draft.tasks.len()));
    let says_all = |task: &TaskDraft| task.split.is_some_and(|(split, _)| split == Split::All);
    for (split, _) in draft.tasks.iter().enumerate().filter(|(_, task)| says_all(task)) {
        let arms = graph.successors(split);
        let Some(remaining) = left.checked_sub(arms.len().saturating_mul(size)) else { return };
        left = remaining;
        let branches = Branches::of(graph, split, arms);
        for (number, task) in draft.tasks.iter().enumerate() {
            let is_silent = task.join == JoinKind::Any && task.join_span.is_none();
            let is_silent = is_silent && number != split && !bypassed.contains(&task.name);
            let pairs = graph.predecessors(number).len().saturating_pow(2);
            let Some(remaining) = left.checked_sub(pairs) else { return };
            left = remaining;
            if is_silent && !reported.contains(number) && branches.meet_at(graph, number) {
                reported.insert(number);
                report.push(merge(draft, graph, split, number));
            }
        }
    }
}

/// The branches of a split, by number.
struct Branches {
    split: usize,
    arms: Vec<usize>,
    /// Of each task the branches that lead to it before they come back to the split.
    by: Vec<FixedBitSet>,
}

impl Branches {
    fn of(graph: &Graph, split: usize, arms: &[usize]) -> Self {
        let mut by = vec![FixedBitSet::with_capacity(arms.len()); graph.tasks];
        for (number, arm) in arms.iter().enumerate() {
            let reached = graph.closure([*arm], Some(split), |task| graph.successors(task));
            by.iter_mut().zip(reached).filter(|(_, reached)| *reached).for_each(|(by, _)| by.insert(number));
        }
        Self { split, arms: arms.to_vec(), by }
    }

    /// Whether two transitions enter the task from branches of which neither leads to the other's.
    fn meet_at(&self, graph: &Graph, task: usize) -> bool {
        let ways: Vec<FixedBitSet> =
            graph.predecessors(task).iter().filter_map(|from| self.ways(*from, task)).collect();
        let apart = |one: &FixedBitSet, other: &FixedBitSet| !one.is_subset(other) && !other.is_subset(one);
        ways.iter().enumerate().any(|(at, one)| ways.iter().skip(at.saturating_add(1)).any(|other| apart(one, other)))
    }

    /// The branches that take the transition.
    fn ways(&self, from: usize, to: usize) -> Option<FixedBitSet> {
        if from != self.split {
            return self.by.get(from).filter(|by| !by.is_clear()).cloned();
        }
        let mut direct = FixedBitSet::with_capacity(self.arms.len());
        direct.insert(self.arms.iter().position(|arm| *arm == to)?);
        Some(direct)
    }
}

fn merge(draft: &Draft, graph: &Graph, split: usize, task: usize) -> Diagnostic {
    let (span, name) = draft.task(task).map(|task| (task.span, quote(task.name.as_str()))).unwrap_or_default();
    let from = listed(graph.predecessors(task).iter().map(|from| draft.task_name(*from)), SHOWN, "and");
    let message = words!(
        "{name} is entered once from each of {from}: it does not wait for the branches of {}",
        quote(draft.task_name(split))
    );
    let mut merge = Diagnostic::new(Code::Merge, span, message).label("what follows it happens once for each branch");
    if let Some((_, all)) = draft.task(split).and_then(|task| task.split) {
        merge = merge.also(all, "all branches are taken");
    }
    let has_end = graph.successors(task).is_empty();
    let effect = if has_end { ", with the effect in a task after it" } else { "" };
    merge.help(words!(
        "write `join: all` if it needs all branches{effect}, or `join: any` if each branch is to enter it"
    ))
}

/// An initial task to which a path leads from another one.
fn begun_behind(draft: &Draft, graph: &Graph, report: &mut Report) {
    let initial = || draft.tasks.iter().enumerate().filter(|(_, task)| task.initial);
    if initial().count() < 2 || initial().count() > SHOWN.saturating_mul(64) {
        return;
    }
    for (number, task) in initial() {
        let others = initial().map(|(other, _)| other).filter(|other| *other != number);
        let reached = graph.closure(others, Some(number), |task| graph.successors(task));
        let before: Vec<&str> = graph
            .predecessors(number)
            .iter()
            .filter(|from| reached.get(**from) == Some(&true))
            .map(|from| draft.task_name(*from))
            .collect();
        if before.is_empty() {
            continue;
        }
        let (name, before) = (quote(task.name.as_str()), listed(before, SHOWN, "and"));
        let performer = task.performer.map(|actor| quote(draft.actor_name(actor))).unwrap_or_default();
        let message = words!("{name} comes after {before}, and is initial, too: {performer} may begin without them");
        let begins = Diagnostic::new(Code::BeginsBehind, task.span, message);
        report.push(begins.label("an instance may begin here, with no token of what comes before").help(words!(
            "remove `initial: true`: only the first task of an instance has it; if {performer} may also begin by itself, give it \
             an initial task of its own"
        )));
    }
}
