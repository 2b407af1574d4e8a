//! Departures: at level `once` the caller's gate says by one that the peer may make this one request.

use std::sync::Arc;
use std::time::Duration;

use stepgate_config::sorted::SortedSet;
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Task, Transition};

use super::claims::{are_others, evidence, is_round};
use super::current_step::{CurrentStep, Evidence, shown_task};
use super::start::{is_true_departure, leaves_start};
use crate::denial::Denial;
use crate::gate::CompiledWorkflow;
use crate::switch::{Check, on};
use crate::token::{Claims, VerifiedToken};

/// The life of a departure: it is used as soon as it is made.
pub(crate) const LIFE: Duration = Duration::from_secs(60);

/// The step of a departure with the receipts that came with it.
pub(super) fn read(
    compiled: &CompiledWorkflow,
    departure: VerifiedToken,
    receipts: Vec<VerifiedToken>,
) -> Result<CurrentStep<'_>, Denial> {
    let at = transition(&departure.claims, compiled).map(|transition| Arc::clone(&transition.from));
    let at = at.ok_or(Denial::NoTransition { expected: Vec::new() })?;
    if !receipts.is_empty() {
        let parents: SortedSet<&String> = departure.claims.parents.iter().collect();
        let shown: SortedSet<&String> = receipts.iter().map(|receipt| &receipt.claims.jti).collect();
        if parents != shown || receipts.len() != parents.len() || shown_task(compiled, &receipts)?.name != at.name {
            return Err(Denial::BadStep("a departure is not made from the receipts beside it"));
        }
    }
    Ok(CurrentStep { compiled, at, evidence: Evidence::Departure { departure: Box::new(departure), receipts } })
}

/// The transition that it is for.
fn transition<'c>(departure: &Claims, compiled: &'c CompiledWorkflow) -> Option<&'c Arc<Transition>> {
    let to = departure.to.as_ref()?;
    compiled.entering_named(to).iter().find(|transition| transition.from.name == departure.wf.task)
}

/// Whether it has the members that a gate with this document writes: of a transition of the document, by one workload for
/// itself, from as many parents as that shows, with the rounds of the joins ahead.
pub(super) fn fits(departure: &Claims, compiled: &CompiledWorkflow) -> bool {
    let Some(transition) = transition(departure, compiled) else { return false };
    let (from, to, workflow) = (&transition.from, &transition.to, &compiled.workflow);
    let Claims { iss, sub, parents, wf, visits, performers, fork, rep, aud, .. } = departure;
    let canonical = workflow.domain.canonical(iss);
    let performed = |task: &Task| {
        (task.max_visits.is_none() || visits.contains_key(&task.name))
            && (transition.via
                || !task.records(iss)
                || performers.get(&task.name).is_some_and(|ids| ids.contains(&*canonical)))
    };
    let has_round = |join| fork.get(join).is_some_and(|round| is_round(round, join, workflow));
    let rounds = fork.len() == to.carries.len() && to.carries.iter().all(has_round);
    let begun = leaves_start(departure);
    aud.as_ref() == Some(&to.performer.name)
        && iss == sub
        && rep.is_some()
        && wf.from.is_none()
        && parents.len() == evidence(from, workflow)
        && are_others(departure)
        && performed(from)
        && rounds
        && (from.initial || !begun)
        && (!begun || is_true_departure(workflow, from, to, departure))
        && (begun || !from.initial || !compiled.entering(from).is_empty())
}

/// It is for this workload.
pub(super) fn check_audience(current: &CurrentStep<'_>, own: &SpiffeId) -> Result<(), Denial> {
    let Some(departure) = current.evidence.departure() else { return Ok(()) };
    let right = transition(departure, current.compiled).is_some_and(|to| to.to.performer.includes(own));
    if right || !on(Check::Audience) { Ok(()) } else { Err(Denial::WrongAudience) }
}

/// Only the gate of the transition's caller issues it.
pub(super) fn check_issuer(current: &CurrentStep<'_>, departure: &VerifiedToken) -> Result<(), Denial> {
    let right = transition(&departure.claims, current.compiled).is_some_and(|transition| {
        departure.signer.covers(&transition.caller.name) && transition.caller.includes(&departure.claims.iss)
    });
    if right || !on(Check::Issuer) { Ok(()) } else { Err(Denial::WrongIssuer) }
}
