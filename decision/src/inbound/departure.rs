//! Departures: at level `once` the caller's gate says by one that the peer may make this one request.

use std::sync::Arc;
use std::time::Duration;

use stepgate_config::sorted::SortedSet;
use stepgate_config::workflow::{Task, Transition};

use super::lineage::{are_others, evidence, is_round};
use super::start::{is_true_departure, leaves_start};
use crate::gate::CompiledWorkflow;
use crate::token::{Claims, VerifiedToken};

/// The life of a departure: it is used as soon as it is made.
pub(crate) const LIFE: Duration = Duration::from_secs(60);

/// Whether these are the receipts that it is made from.
pub(super) fn is_made_from(departure: &Claims, receipts: &[VerifiedToken]) -> bool {
    let parents: SortedSet<&String> = departure.parents.iter().collect();
    let shown: SortedSet<&String> = receipts.iter().map(|receipt| &receipt.claims.jti).collect();
    parents == shown && receipts.len() == parents.len()
}

/// The transition that it is for.
pub(super) fn transition<'c>(departure: &Claims, compiled: &'c CompiledWorkflow) -> Option<&'c Arc<Transition>> {
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
