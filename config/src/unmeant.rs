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
use crate::report::{Report, listed, more, quote};
use crate::workflow::{Assurance, Split, Task, Workflow};

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
    /// The tasks out of which it may take several ways, but for those that say `split: all`.
    pub choices: Vec<Choice<'w>>,
    /// The tasks that several transitions leave, and that do not say which of them are taken.
    pub unsaid: Vec<Unsaid<'w>>,
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
    /// Its `split`, if it has one: `any`, or `one` as advice.
    pub split: Option<Split>,
    /// The ways, at least two.
    pub ways: Vec<Way<'w>>,
}

/// A task that several transitions leave, and that does not say which of them are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsaid<'w> {
    /// The task.
    pub after: &'w TaskName,
    /// The tasks to which the transitions lead.
    pub next: Vec<&'w TaskName>,
    /// Whether all ways meet again. None: that was not looked at.
    pub meet: Option<bool>,
    /// Where some of the ways meet in a join, the tasks to which the others lead.
    pub apart: Vec<&'w TaskName>,
    /// Tasks that nothing leaves and to which a way leads, if one instance may enter them more than once.
    pub often: Vec<Often<'w>>,
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

    /// The same, with what [`entries::most`] counts; nothing, if the level counts nothing.
    fn with(workflow: &'w Workflow, most: &BTreeMap<&'w TaskName, u64>) -> Self {
        let usual = |task: &TaskName| workflow.joins.get(task).map_or(1, |join| join.sources.len());
        let usual = |task: &TaskName| u64::try_from(usual(task)).unwrap_or(u64::MAX);
        let often = most.iter().filter(|(task, times)| **times > usual(task));
        let often: Vec<Often<'w>> = often.map(|(task, times)| Often { task, times: *times }).collect();
        let net = Net::of(workflow);
        let mut unmeant = Self { often, choices: Vec::new(), unsaid: Vec::new(), left_out: 0 };
        let mut left = Some(MAX_STEPS);
        let excludes = |task: &Task| task.split == Some(Split::One) && net.workflow.assurance == Assurance::Once;
        let open = |task: &Task| task.split != Some(Split::All) && !excludes(task);
        for (number, task) in net.tasks.iter().enumerate().filter(|(_, task)| open(task)) {
            let next: BTreeSet<usize> = net.graph.successors(number).iter().copied().collect();
            if next.len() < 2 {
                continue;
            }
            left = left.and_then(|left| left.checked_sub(next.len().saturating_mul(net.steps(next.len()))));
            let found = left.map(|_| choice(&net, number, &next));
            if task.split.is_none() {
                let often = if found.is_some() { unmeant.effects(&net, number) } else { Vec::new() };
                let next = next.iter().filter_map(|at| net.tasks.get(*at)).map(|task| &task.name).collect();
                let meet = found.as_ref().map(Option::is_none);
                let apart = found.iter().flatten().flat_map(Choice::apart).collect();
                unmeant.unsaid.push(Unsaid { after: &task.name, next, meet, apart, often });
            }
            match found {
                Some(choice) => unmeant.choices.extend(choice),
                None => unmeant.left_out = unmeant.left_out.saturating_add(1),
            }
        }
        unmeant
    }

    /// The tasks that nothing leaves, to which a path leads from this one, and which one instance may enter more than once.
    fn effects(&self, net: &Net<'w>, task: usize) -> Vec<Often<'w>> {
        let reached = net.graph.closure([task], None, |at| net.graph.successors(at));
        let is_effect = |at: usize| reached.get(at) == Some(&true) && net.graph.successors(at).is_empty() && at != task;
        self.often.iter().filter(|often| net.number(often.task).is_some_and(is_effect)).copied().collect()
    }
}

impl<'w> Choice<'w> {
    /// Where some of the ways meet in a join, the tasks to which the others lead.
    fn apart(&self) -> Vec<&'w TaskName> {
        let (meeting, apart): (Vec<&Way<'w>>, Vec<&Way<'w>>) = self.ways.iter().partition(|way| way.to.len() > 1);
        if meeting.is_empty() { Vec::new() } else { apart.into_iter().flat_map(|way| way.to.iter().copied()).collect() }
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
    let split = net.tasks.get(task)?.split;
    Some(Choice { after: name(task)?, split, ways: ways.iter().map(way).collect() })
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
    /// `` after `assess`, `approve` (then `pay`) and also `documents` ``, and what its `split` means.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ways: Vec<String> = self.ways.iter().map(Way::to_string).collect();
        write!(f, "after {}, {}", quote(self.after.as_str()), shown(ways, " and also ", ("way", "")))?;
        self.split.map_or(Ok(()), |split| write!(f, " (`{split}`: {})", split.meaning(Assurance::Signed)))
    }
}

impl fmt::Display for Way<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |tasks: &[&TaskName]| tasks.iter().map(|task| quote(task.as_str())).collect::<Vec<_>>();
        f.write_str(&shown(names(&self.to), " with ", ("task", "")))?;
        if self.then.is_empty() {
            return Ok(());
        }
        write!(f, " (then {})", shown(names(&self.then), ", ", ("task", "")))
    }
}

/// The first of these texts, and how many more there are.
fn shown(texts: Vec<String>, between: &str, (noun, rest): (&str, &str)) -> String {
    let hidden = texts.len().saturating_sub(SHOWN);
    let more = if hidden > 0 { words!(", and {}{rest}", more(hidden, noun)) } else { String::new() };
    words!("{}{more}", texts.into_iter().take(SHOWN).collect::<Vec<_>>().join(between))
}

impl fmt::Display for Unsaid<'_> {
    /// `` from `assess` both `approve` and `documents` may be taken, `pay` up to 4 times in an instance``.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let both = if self.next.len() == 2 { "both" } else { "each of" };
        let next = listed(self.next.iter().map(|task| task.as_str()), SHOWN, "and");
        write!(f, "from {} {both} {next} may be taken", quote(self.after.as_str()))?;
        if self.often.is_empty() {
            return Ok(());
        }
        let often = shown(self.often.iter().map(Often::to_string).collect(), ", ", ("task", " more than once"));
        write!(f, ", {often} in an instance")
    }
}

impl Unsaid<'_> {
    /// The warning at the task.
    fn diagnostic(&self, span: Span) -> Diagnostic {
        if self.after.is_of_several() {
            let label = "these tasks do not say which, or not the same";
            let several = Diagnostic::new(Code::UnsaidSplit, span, self.to_string()).label(label);
            return several.help("write the same `split` at each of these tasks: `all` if all are taken, else `any`");
        }
        let apart = listed(self.apart.iter().map(|task| task.as_str()), SHOWN, "and");
        let help = match self.meet {
            Some(true) => {
                "write `split: all`: the join in which the ways meet needs them all, and with `split: any` it may stay incomplete"
                    .to_owned()
            }
            Some(false) if !self.apart.is_empty() => words!(
                "a join needs the other ways, and not {apart}: add the transition to the join, if it is to wait for that, too; then \
                 write `split: all` if all of them are taken. If {apart} is taken in place of the others, let a task before decide \
                 that, with `split: any` or `{{value: one, advisory: true}}`"
            ),
            Some(false) | None => {
                "write `split: all` if all of them are taken, `split: any` if each may be taken or not, or `split: {value: \
                 one, advisory: true}` for a choice, which gates of this release do not enforce"
                    .to_owned()
            }
        };
        Diagnostic::new(Code::UnsaidSplit, span, self.to_string()).label("this task does not say which").help(help)
    }
}

/// Warns of tasks that do not say which of several transitions are taken, and notes what one instance may do beyond the
/// usual reading. `most` is that of [`entries::most`]; `place` finds a task in the document.
pub(crate) fn report<'w>(
    workflow: &'w Workflow,
    most: Option<&BTreeMap<&'w TaskName, u64>>,
    span: Span,
    place: impl Fn(&TaskName) -> Span,
    report: &mut Report,
) {
    let none = BTreeMap::new();
    let Unmeant { often, choices, unsaid, left_out } = Unmeant::with(workflow, most.unwrap_or(&none));
    unsaid.iter().for_each(|unsaid| report.push(unsaid.diagnostic(place(unsaid.after))));
    // At level `identity` an instance may do anything.
    if most.is_none() {
        return;
    }
    if !often.is_empty() {
        let often = shown(often.iter().map(Often::to_string).collect(), ", ", ("task", " more than once"));
        let note = Diagnostic::new(Code::Visits, span, words!("one instance may enter {often}"));
        report.push(note.label("counted with one replica of each actor: every further one counts for itself"));
    }
    let said: Vec<&Choice<'_>> = choices.iter().filter(|choice| choice.split.is_some()).collect();
    if !said.is_empty() || left_out > 0 {
        let hidden = said.len().saturating_sub(NOTED).saturating_add(left_out);
        let more = if hidden > 0 { words!("; and so after {}", more(hidden, "task")) } else { String::new() };
        let choices: Vec<String> = said.iter().take(NOTED).map(ToString::to_string).collect();
        let message = words!("one instance may take several ways out of a task: {}{more}", choices.join("; "));
        let note = Diagnostic::new(Code::Choices, span, message);
        report.push(note.label("a choice does not exclude: only a join brings ways together again"));
    }
}
