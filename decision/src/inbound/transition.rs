//! The transition that a request is.

use std::sync::Arc;

use stepgate_config::name::TaskName;
use stepgate_config::sorted::SortedSet;
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Actor, Assurance, Task, Transition};

use super::classified::RequestedTasks;
use super::current_step::{CurrentStep, Presenter};
use super::evidence::Evidence;
use super::start::new_instance;
use crate::denial::Denial;
use crate::facts::Facts;
use crate::gate::{CompiledWorkflow, Gate};
use crate::switch::{Check, on};
use crate::token::TokenType;

/// Whether the request is for this actor.
pub(crate) type Receives<'a> = &'a dyn Fn(&Actor) -> bool;

/// The one transition that leads from the current step, by this peer, to a task of this
/// actor that the request is.
pub(crate) fn choose(
    current: &CurrentStep<'_>,
    requested: &RequestedTasks<'_>,
    peer: &SpiffeId,
    receives: Receives<'_>,
) -> Result<Arc<Transition>, Denial> {
    // A task may be left by thousands of transitions: those to the request's own tasks come first.
    let asked = requested.tasks.iter().flat_map(|task| current.compiled.leading(&current.at, &task.task));
    let found = open_of(asked, current, peer, receives).and_then(|open| one(open, requested));
    found.or_else(|_| one(open(current, peer, receives)?, requested)).map_err(|denial| {
        if matches!(denial, Denial::Ambiguous(_)) || current.evidence.departure().is_some() {
            return denial;
        }
        let leads = |join: &Task| {
            let mut asked = requested.tasks.iter().flat_map(|task| current.compiled.leading(join, &task.task));
            asked.any(|t| t.caller.includes(peer) && receives(&t.to.performer))
        };
        incomplete(current, leads).unwrap_or(denial)
    })
}

/// The denial of a request that shows only some of the tasks of a join, if something of this kind leaves one.
pub(super) fn incomplete(current: &CurrentStep<'_>, leaves: impl Fn(&Task) -> bool) -> Option<Denial> {
    let shown = current.shown();
    let mut larger = current.compiled.joins_with(&shown).filter(|join| join.name != current.at.name);
    larger.find(|join| leaves(join)).map(|join| Denial::JoinIncomplete {
        why: "a token of each of its tasks is required",
        expected: current.compiled.sources(join).to_vec(),
    })
}

/// The transitions that lead from the current step, by this peer, to a task of this actor; at least one.
pub(super) fn open<'c>(
    current: &'c CurrentStep<'_>,
    peer: &SpiffeId,
    receives: Receives<'_>,
) -> Result<Vec<&'c Arc<Transition>>, Denial> {
    open_of(current.compiled.leaving(&current.at), current, peer, receives)
}

/// The same, of these transitions.
fn open_of<'c>(
    leaving: impl IntoIterator<Item = &'c Arc<Transition>>,
    current: &CurrentStep<'_>,
    peer: &SpiffeId,
    receives: Receives<'_>,
) -> Result<Vec<&'c Arc<Transition>>, Denial> {
    // A departure admits only its own task.
    let to = current.evidence.departure().and_then(|departure| departure.to.as_ref());
    let leaving = leaving.into_iter().filter(|t| to.is_none_or(|to| t.to.name == *to));
    let carried: Vec<_> = leaving.filter(|t| t.caller.includes(peer) || !on(Check::Caller)).collect();
    let here: Vec<_> = carried.iter().filter(|t| receives(&t.to.performer) || !on(Check::Audience)).copied().collect();
    if here.is_empty() {
        return Err(Denial::NoTransition { expected: targets(&carried) });
    }
    let shown: Vec<_> = here.into_iter().filter(|t| shows_right_type(current, t)).collect();
    if shown.is_empty() {
        return Err(Denial::WrongType("a caller shows receipts, a performer arrivals"));
    }
    Ok(shown)
}

/// The one transition with which this peer begins an instance by this request. At level `once` only its own gate begins one:
/// to another the request brings a departure.
pub(crate) fn start<'a>(
    gate: &'a Gate,
    facts: &Facts,
    requested: &RequestedTasks<'_>,
    (peer, presenter): (&SpiffeId, Presenter),
    receives: Receives<'_>,
) -> Result<(CurrentStep<'a>, Arc<Transition>), Denial> {
    let here = |compiled: &&CompiledWorkflow| {
        presenter == Presenter::Application || compiled.workflow.assurance != Assurance::Once
    };
    let begins: Vec<(&CompiledWorkflow, &Arc<Transition>)> = gate
        .workflows()
        .filter(here)
        .filter(|compiled| compiled.workflow.open)
        .flat_map(|compiled| compiled.starts().iter().map(move |t| (compiled, t)))
        .filter(|(_, t)| t.from.performer.includes(peer) || !on(Check::Initiator))
        .collect();
    let initiates = || {
        let mut tasks = gate.workflows().filter(here).flat_map(|compiled| compiled.workflow.tasks.values());
        tasks.any(|task| task.initial && task.performer.includes(peer))
    };
    if begins.is_empty() && !initiates() {
        return Err(Denial::NoStep);
    }
    let here: Vec<_> = begins.into_iter().filter(|(_, t)| receives(&t.to.performer) || !on(Check::Audience)).collect();
    if here.is_empty() {
        return Err(Denial::NotInitial);
    }
    let live: Vec<_> = here.into_iter().filter(|(compiled, _)| !compiled.revoked).collect();
    if live.is_empty() {
        return Err(Denial::Revoked("workflow"));
    }
    let transition = one(live.iter().map(|(_, t)| *t).collect(), requested)?;
    let compiled = live
        .iter()
        .find(|(_, t)| Arc::ptr_eq(t, &transition))
        .map(|(compiled, _)| *compiled)
        .ok_or(Denial::Internal("a transition without its workflow"))?;
    let evidence = match compiled.workflow.assurance {
        Assurance::Identity => Evidence::Plain,
        Assurance::Signed | Assurance::Once => Evidence::Start { txn: new_instance(facts.drawn()?) },
    };
    Ok((CurrentStep { compiled, at: Arc::clone(&transition.from), evidence }, transition))
}

/// Where a transition has another caller, that caller shows receipts; else the performer shows arrivals.
fn shows_right_type(current: &CurrentStep<'_>, transition: &Transition) -> bool {
    let tokens = current.evidence.tokens();
    let all = |required| tokens.iter().all(|token| token.token_type == required);
    let right = match (transition.via, current.evidence.departure().is_some()) {
        (true, departs) => all(TokenType::Receipt) && !(departs && tokens.is_empty()),
        (false, true) => tokens.is_empty(),
        (false, false) => all(TokenType::Arrival),
    };
    right || !on(Check::Type)
}

fn one(candidates: Vec<&Arc<Transition>>, requested: &RequestedTasks<'_>) -> Result<Arc<Transition>, Denial> {
    let mut accepting = candidates.iter().filter(|t| requested.include(&t.to) || !on(Check::Request));
    match (accepting.next(), accepting.next()) {
        (Some(_), None) if !requested.crossing.is_empty() && on(Check::Ambiguous) => {
            Err(Denial::Ambiguous(requested.crossing.iter().map(ToString::to_string).collect()))
        }
        (Some(transition), None) => Ok(Arc::clone(transition)),
        (Some(transition), Some(_)) if !on(Check::Ambiguous) => Ok(Arc::clone(transition)),
        (Some(_), Some(_)) => Err(Denial::Ambiguous(requested.tasks.iter().map(ToString::to_string).collect())),
        (None, _) => Err(Denial::WrongRequest {
            expected: targets(&candidates),
            is: requested.tasks.first().map(ToString::to_string),
        }),
    }
}

fn targets(transitions: &[&Arc<Transition>]) -> Vec<TaskName> {
    let names: SortedSet<_> = transitions.iter().map(|t| t.to.name.clone()).collect();
    names.into_iter().collect()
}
