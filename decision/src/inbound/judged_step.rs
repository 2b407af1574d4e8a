//! A step without a request: whether a gate accepts it, and the transitions that it opens to its holder.

use std::sync::Arc;

use stepgate_config::sorted::SortedSet;
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Task, Transition, Workflow};

use super::current_step::{self, CurrentStep, Presenter};
use super::guard;
use super::issuance::Issuance;
use super::transition;
use super::window::Window;
use crate::denial::Denial;
use crate::facts::Facts;
use crate::gate::Gate;
use crate::keys::Crypto;
use crate::step::Steps;
use crate::time::{Clock, UnixTime};
use crate::token::{Claims, VerifiedToken};

/// A step that leads on: the gates of at least one transition accept it from its holder.
#[derive(Debug, Clone)]
pub struct JudgedStep {
    /// The workflow.
    pub workflow: Arc<Workflow>,
    /// The task reached.
    pub at: Arc<Task>,
    /// The tokens; none for a plain step, which has no holder.
    pub tokens: Vec<VerifiedToken>,
    /// The transitions that it opens; at least one.
    pub open: Vec<OpenTransition>,
}

/// A transition that a step opens.
#[derive(Debug, Clone)]
pub struct OpenTransition {
    /// The transition.
    pub transition: Arc<Transition>,
    /// The workloads of its performer that may be called.
    pub performers: Vec<SpiffeId>,
    /// Whether its guard reads the request, and so is not judged.
    pub guard_reads_request: bool,
    /// The first second in which it is open, if that is still to come.
    pub not_before: Option<UnixTime>,
    /// The last second in which it is open, if it has a `within`.
    pub not_after: Option<UnixTime>,
}

/// Judges the step that a request carries as [`crate::inbound`] does, for all that does not depend on the rest of that
/// request or on earlier ones: guards that read the request, the limit of starts and the replay record are left out. The
/// peer is the holder, and the gate that of each workload that may be called, or that of `self` in the configuration. A
/// transition that opens while the step lives is judged at that time.
///
/// # Errors
/// The denial of all these requests. If they differ, the one that the decision comes to last.
pub fn judge_step(gate: &Gate, facts: &Facts, crypto: &dyn Crypto) -> Result<JudgedStep, Denial> {
    let steps = Steps::of(facts, &gate.config.header, gate.config.carrier)?;
    if steps.0.is_empty() {
        return Err(Denial::NoStep);
    }
    let current = current_step::read(gate, &steps, crypto, facts.now)?;
    let mut open: Vec<OpenTransition> = Vec::new();
    let mut denials = Vec::new();
    for peer in holders(&current) {
        if !gate.knows_actor(peer) {
            return Err(Denial::Outsider);
        }
        current_step::check(&current, peer, Presenter::Application)?;
        for own in called(gate, &current) {
            let leading =
                transition::open(&current, peer, &|actor| actor.includes(own)).map_err(|denial| denials.push(denial));
            for transition in leading.unwrap_or_default() {
                match judge_when_open(gate, facts, &current, transition, (peer, own)) {
                    Ok(not_before) => add(&mut open, gate, &current, (transition, own), not_before),
                    Err(denial) => denials.push(denial),
                }
            }
        }
    }
    if open.is_empty() {
        let goes_on = |join: &Task| {
            let mut callers = current.compiled.leaving(join).iter().map(|t| &t.caller);
            callers.any(|caller| holders(&current).into_iter().any(|holder| caller.includes(holder)))
        };
        if let Some(incomplete) = transition::incomplete(&current, goes_on) {
            return Err(incomplete);
        }
        let last = denials.into_iter().max_by_key(Denial::code);
        return Err(last.unwrap_or(Denial::NoTransition { expected: Vec::new() }));
    }
    let tokens = current.evidence.tokens().to_vec();
    Ok(JudgedStep { workflow: Arc::clone(&current.compiled.workflow), at: current.at, tokens, open })
}

/// The workloads that may present the step: its holder; of a plain step all that may go on from there.
fn holders<'c>(current: &'c CurrentStep<'_>) -> SortedSet<&'c SpiffeId> {
    match current.evidence.tokens().first() {
        Some(token) => [&token.claims.sub].into(),
        None => current.compiled.leaving(&current.at).iter().flat_map(|t| &t.caller.examples).collect(),
    }
}

/// The workloads that may be called from there, or the one that the gate is for.
fn called<'c>(gate: &'c Gate, current: &'c CurrentStep<'_>) -> SortedSet<&'c SpiffeId> {
    match &gate.config.own {
        Some(own) => [own].into(),
        None => current.compiled.leaving(&current.at).iter().flat_map(|t| &t.to.performer.examples).collect(),
    }
}

/// The time at which the transition opens, if it is still to come.
fn judge_when_open(
    gate: &Gate,
    facts: &Facts,
    current: &CurrentStep<'_>,
    transition: &Transition,
    ends: (&SpiffeId, &SpiffeId),
) -> Result<Option<UnixTime>, Denial> {
    let early = match judge(gate, facts, current, transition, ends) {
        Err(early @ Denial::TooEarly { .. }) => early,
        judged => return judged.map(|()| None),
    };
    let leeway = gate.config.leeway;
    let opens = Window::of(transition, &claims(current), leeway).opens.ok_or_else(|| early.clone())?;
    let ended = |claims: &&Claims| Clock { now: opens, leeway }.is_past(claims.exp);
    if claims(current).iter().any(ended) {
        return Err(early);
    }
    judge(gate, &Facts { now: opens, ..facts.clone() }, current, transition, ends).map(|()| Some(opens))
}

fn claims<'c>(current: &'c CurrentStep<'_>) -> Vec<&'c Claims> {
    current.evidence.tokens().iter().map(|token| &token.claims).collect()
}

fn judge(
    gate: &Gate,
    facts: &Facts,
    current: &CurrentStep<'_>,
    transition: &Transition,
    (peer, own): (&SpiffeId, &SpiffeId),
) -> Result<(), Denial> {
    if current.compiled.workflow.assurance.has_tokens() {
        Issuance::checked(current, transition, peer, own, facts, gate.config.leeway)?;
    }
    if guard_reads_request(transition) { Ok(()) } else { guard::check(facts, current, transition, peer) }
}

fn guard_reads_request(transition: &Transition) -> bool {
    transition.when.as_ref().is_some_and(|guard| guard.reads().any_of_request())
}

fn add(
    open: &mut Vec<OpenTransition>,
    gate: &Gate,
    current: &CurrentStep<'_>,
    (transition, own): (&Arc<Transition>, &SpiffeId),
    not_before: Option<UnixTime>,
) {
    match open.iter_mut().find(|one| Arc::ptr_eq(&one.transition, transition)) {
        Some(known) if known.performers.contains(own) => {}
        Some(known) => known.performers.push(own.clone()),
        None => open.push(OpenTransition {
            transition: Arc::clone(transition),
            performers: vec![own.clone()],
            guard_reads_request: guard_reads_request(transition),
            not_before,
            not_after: Window::of(transition, &claims(current), gate.config.leeway).closes,
        }),
    }
}
