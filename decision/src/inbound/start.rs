//! Starts: the arrival at the initial task, which the initiator needs to take further transitions.

use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Task, Workflow};

use super::inherited::{own_forks, performers, visits};
use crate::base64url;
use crate::facts::{Facts, Randomness};
use crate::token::{Claims, StepClaim, start_jti};

/// The `txn` of a new instance: 128 random bits, never from the request.
pub(super) fn new_instance(random: &Randomness) -> String {
    let (half, _) = random.split_at(random.len() / 2);
    base64url::encode(half)
}

/// The start of a new instance: for the initiator `peer`, by the gate of `issuer`.
pub(super) fn first_arrival(
    workflow: &Workflow,
    at: &Task,
    txn: &str,
    (peer, issuer): (&SpiffeId, &SpiffeId),
    facts: &Facts,
) -> Claims {
    let dl = facts.now.plus(workflow.deadline);
    let jti = start_jti(&workflow.name, txn, issuer, peer);
    Claims {
        iss: issuer.clone(),
        sub: peer.clone(),
        txn: txn.to_owned(),
        iat: facts.now,
        exp: facts.now.plus(at.ttl).min(dl),
        dl,
        parents: Vec::new(),
        wf: StepClaim::of(workflow, at, None),
        visits: visits(&[], at),
        performers: performers(&[], at, &workflow.domain.canonical(peer)),
        fork: own_forks(at, &jti),
        rep: facts.replica.clone(),
        to: None,
        aud: None,
        jti,
    }
}

/// Whether a start says of its instance only what the gate that was called first would say. That gate may issue "this
/// initiator has begun", but not the history, the round or the name of another initiator's instance.
pub(super) fn is_true_start(workflow: &Workflow, at: &Task, claims: &Claims) -> bool {
    claims.jti == start_jti(&workflow.name, &claims.txn, &claims.iss, &claims.sub)
        && claims.visits == visits(&[], at)
        && claims.performers == performers(&[], at, &workflow.domain.canonical(&claims.sub))
        && claims.fork == own_forks(at, &claims.jti)
}

/// Whether a departure leaves the start of its instance.
pub(super) fn leaves_start(departure: &Claims) -> bool {
    let Claims { iss, sub, txn, wf, parents, .. } = departure;
    *parents == [start_jti(&wf.name, txn, iss, sub)]
}

/// Whether such a departure says of its instance only what its start says.
pub(super) fn is_true_departure(workflow: &Workflow, at: &Task, to: &Task, departure: &Claims) -> bool {
    let begun = departure.parents.first().map(|start| own_forks(at, start)).unwrap_or_default();
    departure.visits == visits(&[], at)
        && departure.performers == performers(&[], at, &workflow.domain.canonical(&departure.sub))
        && departure.fork.iter().all(|(join, round)| to.carries.contains(join) && begun.get(join) == Some(round))
}
