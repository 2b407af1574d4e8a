//! What a document allows one instance, and its author perhaps does not mean: to enter a task more than once, and to take
//! several ways out of a task that read like a choice.
//!
//! Ways out of a task belong together where they meet again: some join has one source that only the one reaches, and one
//! that only the other reaches, before either comes back to the task. All others read like a choice.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::entries;
use crate::name::TaskName;
use crate::net::Net;
use crate::report::{Report, quote};
use crate::workflow::Workflow;

/// Most tasks that a message names.
const SHOWN: usize = 8;
/// Most tasks of which the note of `check` lists the ways out.
const NOTED: usize = 4;
/// Steps of the search for ways that meet. A document that takes more has more ways than a person reads.
const MAX_STEPS: usize = 1 << 22;

/// What one instance may do, and is perhaps not meant to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmeant<'w> {
    /// The tasks that it may enter more than once, a join more than once from each source.
    pub often: Vec<Often<'w>>,
    /// The tasks out of which it may take several ways.
    pub choices: Vec<Choice<'w>>,
    /// How many more tasks with several ways out were not looked at.
    pub left_out: usize,
}

/// A task that one instance may enter more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Often<'w> {
    /// The task.
    pub task: &'w TaskName,
    /// How often, as [`entries::most`] counts.
    pub times: u64,
}

/// A task with several ways out that do not meet again, of which one instance may take each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice<'w> {
    /// The task.
    pub after: &'w TaskName,
    /// The ways, at least two.
    pub ways: Vec<Way<'w>>,
}

/// A way out of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way<'w> {
    /// The next task; several, if these meet in a join.
    pub to: Vec<&'w TaskName>,
    /// The tasks further on to which no other way out of the task leads.
    pub then: Vec<&'w TaskName>,
}

impl<'w> Unmeant<'w> {
    /// What the document allows one instance. None at level `identity`, which allows any task any number of times.
    pub fn of(workflow: &'w Workflow) -> Option<Self> {
        entries::most(workflow).map(|most| Self::with(workflow, &most))
    }

    /// The same, with what [`entries::most`] counts.
    fn with(workflow: &'w Workflow, most: &BTreeMap<&'w TaskName, u64>) -> Self {
        let usual = |task: &TaskName| workflow.joins.get(task).map_or(1, |join| join.sources.len());
        let usual = |task: &TaskName| u64::try_from(usual(task)).unwrap_or(u64::MAX);
        let often = most.iter().filter(|(task, times)| **times > usual(task));
        let often = often.map(|(task, times)| Often { task, times: *times }).collect();
        let net = Net::of(workflow);
        let mut unmeant = Self { often, choices: Vec::new(), left_out: 0 };
        let mut left = Some(MAX_STEPS);
        for task in 0..net.tasks.len() {
            let next: BTreeSet<usize> = net.graph.successors(task).iter().copied().collect();
            if next.len() < 2 {
                continue;
            }
            left = left.and_then(|left| left.checked_sub(next.len().saturating_mul(net.steps(next.len()))));
            match left {
                Some(_) => unmeant.choices.extend(choice(&net, task, &next)),
                None => unmeant.left_out = unmeant.left_out.saturating_add(1),
            }
        }
        unmeant
    }
}

impl Net<'_> {
    /// Steps to follow one way of so many, and to compare it with the others.
    fn steps(&self, ways: usize) -> usize {
        let sources: usize = self.workflow.joins.values().map(|join| join.sources.len()).sum();
        let size = self.tasks.len().saturating_add(self.workflow.transitions.len());
        size.saturating_add(ways.saturating_mul(size.min(sources)))
    }
}

/// The ways out of a task, if they do not all meet again.
fn choice<'w>(net: &Net<'w>, task: usize, next: &BTreeSet<usize>) -> Option<Choice<'w>> {
    let reached = |next: &usize| net.graph.closure([*next], Some(task), |at| net.graph.successors(at));
    let mut ways: Vec<(Vec<usize>, Vec<bool>)> = Vec::new();
    for arm in next {
        let own = reached(arm);
        let (meeting, apart): (Vec<_>, Vec<_>) = ways.into_iter().partition(|(_, other)| meet(net, other, &own));
        ways = apart;
        let mut whole = (vec![*arm], own);
        for (arms, reached) in meeting {
            whole.0.extend(arms);
            whole.1.iter_mut().zip(reached).for_each(|(whole, reached)| *whole |= reached);
        }
        ways.push(whole);
    }
    if ways.len() < 2 {
        return None;
    }
    ways.iter_mut().for_each(|(arms, _)| arms.sort_unstable());
    ways.sort();
    let name = |at: usize| net.tasks.get(at).map(|task| &task.name);
    let way = |(arms, reached): &(Vec<usize>, Vec<bool>)| {
        let others = |at: usize| ways.iter().filter(|(_, other)| other.get(at) == Some(&true)).count();
        let then = (0..net.tasks.len()).filter(|at| reached.get(*at) == Some(&true) && others(*at) == 1);
        let then = then.filter(|at| !arms.contains(at)).filter_map(name);
        Way { to: arms.iter().copied().filter_map(name).collect(), then: then.collect() }
    };
    Some(Choice { after: name(task)?, ways: ways.iter().map(way).collect() })
}

/// Whether a join has a source that only the one reaches, and one that only the other reaches.
fn meet(net: &Net<'_>, one: &[bool], other: &[bool]) -> bool {
    let joins = net.workflow.joins.keys().filter_map(|join| net.number(join)).filter(|join| net.join(*join).is_some());
    let only = |this: &[bool], that: &[bool], at: usize| this.get(at) == Some(&true) && that.get(at) != Some(&true);
    let mut sources = joins.map(|join| net.graph.predecessors(join));
    sources.any(|sources| {
        let mut of_each = [(one, other), (other, one)].into_iter();
        of_each.all(|(this, that)| sources.iter().any(|source| only(this, that, *source)))
    })
}

impl fmt::Display for Often<'_> {
    /// `` `pay` up to 4 times``.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.times {
            u64::MAX => write!(f, "{} more often than can be counted", quote(self.task.as_str())),
            times => write!(f, "{} up to {times} times", quote(self.task.as_str())),
        }
    }
}

impl fmt::Display for Choice<'_> {
    /// `` after `assess`, `approve` (then `pay`) and also `documents` ``.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ways: Vec<String> = self.ways.iter().map(Way::to_string).collect();
        write!(f, "after {}, {}", quote(self.after.as_str()), shown(ways, " and also ", "ways"))
    }
}

impl fmt::Display for Way<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |tasks: &[&TaskName]| tasks.iter().map(|task| quote(task.as_str())).collect::<Vec<_>>();
        f.write_str(&shown(names(&self.to), " with ", "tasks"))?;
        if self.then.is_empty() {
            return Ok(());
        }
        write!(f, " (then {})", shown(names(&self.then), ", ", "tasks"))
    }
}

/// The first of these texts, and how many more there are.
fn shown(texts: Vec<String>, between: &str, what: &str) -> String {
    let hidden = texts.len().saturating_sub(SHOWN);
    let more = if hidden > 0 { words!(", and {hidden} more {what}") } else { String::new() };
    words!("{}{more}", texts.into_iter().take(SHOWN).collect::<Vec<_>>().join(between))
}

/// Notes what one instance may do beyond the usual reading.
pub(crate) fn note<'w>(workflow: &'w Workflow, most: &BTreeMap<&'w TaskName, u64>, span: Span, report: &mut Report) {
    let Unmeant { often, choices, left_out } = Unmeant::with(workflow, most);
    if !often.is_empty() {
        let often = shown(often.iter().map(Often::to_string).collect(), ", ", "tasks more than once");
        let note = Diagnostic::new(Code::Visits, span, words!("one instance may enter {often}"));
        report.push(note.label("counted with one replica of each actor: every further one counts for itself"));
    }
    if !choices.is_empty() || left_out > 0 {
        let hidden = choices.len().saturating_sub(NOTED).saturating_add(left_out);
        let more = if hidden > 0 { words!("; and so after {hidden} more tasks") } else { String::new() };
        let choices: Vec<String> = choices.iter().take(NOTED).map(Choice::to_string).collect();
        let message = words!("one instance may take several ways out of a task: {}{more}", choices.join("; "));
        let note = Diagnostic::new(Code::Choices, span, message);
        report.push(note.label("a choice does not exclude: only a join brings ways together again"));
    }
}
