//! The lowest level whose gates decide a document exactly, and why no lower one does.
//!
//! Exactly: no instance takes what the document forbids, and none takes a transition more often than it allows. What a gate
//! cannot see counts for no level: how many instances begin, and what an application does with its data.

mod rounds;

use std::collections::BTreeSet;
use std::fmt;

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::level::Level;
use crate::name::TaskName;
use crate::net::Net;
use crate::performed_before::PerformedBefore;
use crate::report::{Report, listed, quote};
use crate::workflow::{Actor, Assurance, Constraint, Relation, Split, Transition, Workflow};
use rounds::Rounds;

/// Most names that a message has.
const SHOWN: usize = 4;

/// The level that decides a workflow exactly.
#[derive(Debug, Clone, PartialEq)]
pub struct Exact<'w> {
    /// The lowest level that does, however many replicas the actors have.
    pub minimal: Level,
    /// The lowest one that does while each actor has one replica.
    pub alone: Level,
    /// Why lower levels do not, by the level that each of them needs.
    pub because: Vec<Because<'w>>,
}

/// Why a level does not decide a workflow exactly.
#[derive(Debug, Clone, PartialEq)]
pub enum Because<'w> {
    /// Transitions leave tasks that are not initial: a plain step does not prove that the instance has come there.
    Unproved(&'w Transition),
    /// Tasks require evidence of several transitions, or transitions leave several tasks.
    Evidence(Vec<&'w TaskName>),
    /// One instance may enter these tasks only so often.
    Visits(Vec<&'w TaskName>),
    /// These transitions are open for a time only.
    Times(Vec<&'w Transition>),
    /// A constraint that the SPIFFE IDs alone do not keep.
    Performers(&'w Constraint),
    /// A step can be presented to each replica of its receiver.
    Replicas,
    /// Only one way out of these tasks may be taken.
    Choice(Vec<&'w TaskName>),
    /// The token that stands for all evidence of this join, that of `first`, can exist twice in one round.
    Rounds {
        /// The task with `join: all`, or the tasks that one transition leaves.
        join: &'w TaskName,
        /// The source whose name sorts first.
        first: &'w TaskName,
    },
    /// Tasks of a constraint may be on different branches.
    Apart(&'w Constraint),
    /// The ways out of this choice have different callers.
    Callers(&'w TaskName),
    /// This transition lies on a cycle and has several uses.
    Loop(&'w Transition),
    /// This transition has several uses and a caller by `via`.
    Carried(&'w Transition),
}

impl<'w> Exact<'w> {
    /// The level that decides this workflow exactly, whatever its own is. Advice counts, too: it is what its author means.
    pub fn of(workflow: &'w Workflow) -> Self {
        let net = Net::of(workflow);
        let mut because: Vec<Because<'w>> = history(workflow).chain(source(workflow)).collect();
        because.extend(constraints(workflow, &net));
        because.extend(marking(workflow, &net));
        because.sort_by_key(Because::level);
        let highest = |level: fn(&Because<'w>) -> Level| because.iter().map(level).max().unwrap_or(Level::Identity);
        Self { minimal: highest(Because::level), alone: highest(Because::alone), because }
    }
}

impl Because<'_> {
    /// The lowest level that decides it, however many replicas the actors have.
    pub fn level(&self) -> Level {
        match self {
            Self::Unproved(_) | Self::Evidence(_) | Self::Visits(_) | Self::Times(_) | Self::Performers(_) => {
                Level::Signed
            }
            Self::Replicas | Self::Choice(_) => Level::Once,
            Self::Rounds { .. } | Self::Apart(_) | Self::Callers(_) | Self::Loop(_) | Self::Carried(_) => Level::Ledger,
        }
    }

    /// The same while each actor has one replica: then the receiver's gate counts all that comes there.
    fn alone(&self) -> Level {
        match self {
            Self::Replicas | Self::Rounds { .. } | Self::Carried(_) => Level::Signed,
            Self::Unproved(_)
            | Self::Evidence(_)
            | Self::Visits(_)
            | Self::Times(_)
            | Self::Performers(_)
            | Self::Choice(_)
            | Self::Apart(_)
            | Self::Callers(_)
            | Self::Loop(_) => self.level(),
        }
    }
}

/// What depends on the way of the instance.
fn history(workflow: &Workflow) -> impl Iterator<Item = Because<'_>> {
    let transitions = || workflow.transitions.iter().map(AsRef::as_ref);
    let unproved = transitions().find(|t| !t.from.initial || t.via).map(Because::Unproved);
    let joins: Vec<&TaskName> = workflow.joins.keys().collect();
    // Whoever may begin an instance need not go round again.
    let visits = workflow.tasks.values().filter(|task| task.max_visits.is_some() && !task.initial);
    let visits: Vec<&TaskName> = visits.map(|task| &task.name).collect();
    let times: Vec<&Transition> = transitions().filter(|t| t.after.is_some() || t.within.is_some()).collect();
    let evidence = (!joins.is_empty()).then_some(Because::Evidence(joins));
    let visits = (!visits.is_empty()).then_some(Because::Visits(visits));
    let times = (!times.is_empty()).then_some(Because::Times(times));
    [unproved, evidence, visits, times].into_iter().flatten()
}

/// What the gate before the receiver would have to count.
fn source(workflow: &Workflow) -> impl Iterator<Item = Because<'_>> {
    let replicas = workflow.transitions.iter().any(|t| !t.from.initial || t.via).then_some(Because::Replicas);
    let choices = workflow.tasks.values().filter(|task| task.split == Some(Split::One));
    let choices: Vec<&TaskName> = choices.map(|task| &task.name).collect();
    replicas.into_iter().chain((!choices.is_empty()).then_some(Because::Choice(choices)))
}

/// What no single gate sees.
fn marking<'w>(workflow: &'w Workflow, net: &Net<'w>) -> Vec<Because<'w>> {
    let rounds = Rounds::of(net);
    let twice = workflow.joins.values().filter_map(|join| {
        let first = join.sources.iter().min()?;
        rounds.twice(join, first).then_some(Because::Rounds { join: &join.task, first })
    });
    let callers = |task: &TaskName| {
        let leaving = workflow.transitions.iter().filter(|t| t.sources().iter().any(|from| from.name == *task));
        leaving.map(|t| &t.caller.name).collect::<BTreeSet<_>>().len()
    };
    let choices = workflow.tasks.values().filter(|task| task.split == Some(Split::One));
    let choices = choices.filter(move |task| callers(&task.name) > 1).map(|task| Because::Callers(&task.name));
    let cycles = net.graph.components();
    let on = |task: &TaskName| net.number(task).and_then(|at| cycles.get(at).copied().flatten());
    let loops = workflow.transitions.iter().filter(|t| t.uses > 1);
    let loops =
        loops.filter(|t| t.sources().iter().any(|from| on(&from.name).is_some() && on(&from.name) == on(&t.to.name)));
    let carried = workflow.transitions.iter().filter(|t| t.uses > 1 && t.via);
    let carried = carried.map(|t| Because::Carried(t));
    twice.chain(choices).chain(carried).chain(loops.map(|t| Because::Loop(t))).collect()
}

/// Constraints, by what can compare the performers: nothing has to where the IDs alone keep it.
fn constraints<'w>(workflow: &'w Workflow, net: &Net<'w>) -> Vec<Because<'w>> {
    let all = workflow.constraints.iter().chain(&workflow.advice);
    let dominators = net.graph.dominators();
    let joins = (0..net.tasks.len()).map(|task| net.join(task).is_some());
    let mut performed = PerformedBefore::of(&net.graph, &dominators, joins);
    let because = |constraint: &'w Constraint| {
        let tasks: Vec<_> = constraint.tasks.iter().filter_map(|task| workflow.tasks.get(task)).collect();
        let pairs = || {
            tasks
                .iter()
                .enumerate()
                .flat_map(|(at, one)| tasks.iter().skip(at.saturating_add(1)).map(move |two| (one, two)))
        };
        let mut open =
            pairs().filter(|(one, two)| !kept(constraint.relation, &one.performer, &two.performer)).peekable();
        open.peek()?;
        let mut ordered = |one: &TaskName, two: &TaskName| match (net.number(one), net.number(two)) {
            (Some(one), Some(two)) => performed.names(one, two) || performed.names(two, one),
            _ => false,
        };
        let same_branch = open.all(|(one, two)| ordered(&one.name, &two.name));
        Some(if same_branch { Because::Performers(constraint) } else { Because::Apart(constraint) })
    };
    all.filter_map(because).collect()
}

/// Whether no workload could break the constraint between tasks of these actors.
fn kept(relation: Relation, one: &Actor, two: &Actor) -> bool {
    let shared = || one.spiffe.iter().any(|id| two.includes(id));
    let only = |actor: &Actor| actor.spiffe.len() == 1 && actor.open.is_empty();
    match relation {
        Relation::Separate => one.name != two.name && !shared(),
        Relation::Bind => only(one) && only(two) && shared(),
    }
}

/// Reports what level `once` cannot decide, in a document of that level. `place` finds a task in the document.
pub(crate) fn check(workflow: &Workflow, place: impl Fn(&TaskName) -> Span, report: &mut Report) {
    if workflow.assurance != Assurance::Once {
        return;
    }
    for because in marking(workflow, &Net::of(workflow)) {
        let (span, help) = match &because {
            Because::Rounds { join, .. } => (
                place(join),
                "let only one way lead from the fork to that source, once in a round; or use level `signed`, where each replica of \
                 the receiver decides a round",
            ),
            Because::Callers(task) => (place(task), "let one actor call all of them, or write the choice as advice"),
            Because::Loop(transition) => (transition.place, "remove `uses`, or raise `max_visits` in its place"),
            Because::Carried(transition) => (transition.place, "remove `uses`, or `via`; or use level `signed`"),
            // `signed` decides these, too, or another check finds them.
            Because::Unproved(_)
            | Because::Evidence(_)
            | Because::Visits(_)
            | Because::Times(_)
            | Because::Performers(_)
            | Because::Replicas
            | Because::Choice(_)
            | Because::Apart(_) => continue,
        };
        let error = Diagnostic::new(Code::NeedsLedger, span, words!("level `once` cannot decide this: {because}"));
        report.push(error.label("this needs level `ledger`, which no release has yet").help(help));
    }
}

impl fmt::Display for Because<'_> {
    /// One clause, without the level.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |tasks: &[&TaskName]| listed(tasks.iter().map(|task| task.as_str()), SHOWN, "and");
        match self {
            Self::Unproved(transition) => {
                let sources = transition.sources().iter().map(|from| from.name.as_str());
                let from = listed(sources, SHOWN, "and");
                write!(f, "a plain step does not prove that the instance has come to {from} before `{transition}`")
            }
            Self::Evidence(joins) => write!(f, "signed tokens are the evidence of each join: {}", names(joins)),
            Self::Visits(tasks) => write!(f, "tokens count the visits of {}", names(tasks)),
            Self::Times(transitions) => {
                let named: Vec<String> = transitions.iter().map(ToString::to_string).collect();
                let named = listed(named.iter().map(String::as_str), SHOWN, "and");
                write!(f, "`after` and `within` count from the time in a token: {named}")
            }
            Self::Performers(constraint) => write!(f, "tokens name the performers for {constraint}"),
            Self::Replicas => f.write_str("below `once`, a step may be taken once at each replica of its receiver"),
            Self::Choice(tasks) => write!(f, "below `once`, a choice does not exclude: {}", names(tasks)),
            Self::Rounds { join, first } => {
                let (join, first) = (quote(join.as_str()), quote(first.as_str()));
                write!(f, "one round of the join {join} may have two tokens of {first}, at different replicas")
            }
            Self::Apart(constraint) => {
                write!(f, "no token names all the performers for {constraint}: the tasks may be on different branches")
            }
            Self::Callers(task) => {
                write!(
                    f,
                    "the ways out of {} have different callers, so no single gate sees both",
                    quote(task.as_str())
                )
            }
            Self::Carried(transition) => {
                let uses = transition.uses;
                write!(
                    f,
                    "`{transition}` has {uses} uses, and only the caller's gate says how often it has shown a receipt"
                )
            }
            Self::Loop(transition) => {
                write!(
                    f,
                    "`{transition}` is on a cycle and has {} uses, and a token counts the visits of its own branch only",
                    transition.uses
                )
            }
        }
    }
}
