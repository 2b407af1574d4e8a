//! The keys of a gate: the expected ones, and others.

use std::sync::Arc;

use stepgate_config::GateConfig;
use stepgate_config::gate::{KeySource, KeySpec, KeyUse};
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Actor, Assurance, Workflow};

use crate::expected::ExpectedState;
use crate::finding::{Finding, Kind};

/// The key in a message.
pub(super) fn named(key: &KeySpec) -> String {
    format!("the key `{}` of `{}`", key.kid.as_str(), key.workflow.as_str())
}

/// Keys of a workflow that the gate does not know.
pub(super) fn missing(config: &GateConfig, expected: &ExpectedState, workflow: &Workflow) -> Vec<Finding> {
    let unknown = expected.keys().iter().filter(|key| key.workflow == workflow.name && !has(&config.keys, key));
    unknown.map(|key| Finding::new(Kind::KeyUnknown, format!("its gate does not know {}", named(key)))).collect()
}

/// The key of one actor is configured with `sign` at that actor's gates and with `verify` at all others, under the same
/// name.
fn has(keys: &[KeySpec], key: &KeySpec) -> bool {
    keys.iter().any(|has| is_same(has, key))
}

fn is_same(has: &KeySpec, key: &KeySpec) -> bool {
    has.workflow == key.workflow && has.kid == key.kid && has.actor == key.actor
}

/// A public key or a variable under the name of an expected one. A gate has the public key of an actor where the actor's own
/// gate has a variable: those are not compared.
fn is_another(key: &KeySpec, expected: &KeySpec) -> bool {
    let read = |jwk: &str| serde_json::from_str::<serde_json::Value>(jwk).ok();
    match (&key.source, &expected.source) {
        (KeySource::Env(one), KeySource::Env(other)) => one != other,
        (KeySource::Jwk(one), KeySource::Jwk(other)) => read(one) != read(other),
        (KeySource::Env(_), KeySource::Jwk(_)) | (KeySource::Jwk(_), KeySource::Env(_)) => false,
    }
}

/// A gate that cannot sign denies every request that has a next step.
pub(super) fn no_signer(config: &GateConfig, workflow: &Workflow, workloads: &[SpiffeId]) -> Vec<Finding> {
    if workflow.assurance == Assurance::Identity {
        return Vec::new();
    }
    let here = |actor: &&Arc<Actor>| workloads.iter().any(|workload| actor.includes(workload));
    let signs = |actor: &Actor| {
        let of_actor = |key: &KeySpec| key.actor.as_ref().is_none_or(|of| *of == actor.name);
        config.keys.iter().any(|key| key.workflow == workflow.name && key.key_use == KeyUse::Sign && of_actor(key))
    };
    let without = workflow.actors.values().filter(here).filter(|actor| !signs(actor));
    let message = |actor: &Actor| {
        format!("its gate has no key with which `{}` signs for `{}`", actor.name.as_str(), workflow.name.as_str())
    };
    without.map(|actor| Finding::new(Kind::NoSigningKey, message(actor))).collect()
}

/// Keys that are not expected: whoever has one can sign steps that this gate takes. And keys that sign for another
/// actor than the gate's own.
pub(super) fn surplus(config: &GateConfig, expected: &ExpectedState, workloads: &[SpiffeId]) -> Vec<Finding> {
    let more = match expected.gate() {
        Some(gate) => config.keys.iter().filter(|key| !has(&gate.keys, key)).collect(),
        None => second_keys(&config.keys),
    };
    // The keys of a workflow that is not expected come with it.
    let more = more.into_iter().filter(|key| expected.given().any(|given| given.name == key.workflow));
    let more = more.map(|key| format!("its gate takes {}, which is not expected", named(key)));
    let replaced = |key: &&KeySpec| expected.keys().iter().any(|other| is_same(key, other) && is_another(key, other));
    let other = config.keys.iter().filter(replaced);
    let other = other.map(|key| format!("its gate has another key than expected as {}", named(key)));
    let foreign = config.keys.iter().filter(|key| key.key_use == KeyUse::Sign && !is_own(key, config, workloads));
    let foreign = foreign.map(|key| format!("its gate signs with {}, which is another actor's", named(key)));
    more.chain(other).chain(foreign).map(|message| Finding::new(Kind::SurplusKey, message)).collect()
}

/// A document does not name keys: one for each actor, or one for all, is expected.
fn second_keys(keys: &[KeySpec]) -> Vec<&KeySpec> {
    let for_one = |a: &KeySpec, b: &KeySpec| {
        a.workflow == b.workflow && (a.actor == b.actor || a.actor.is_none() || b.actor.is_none())
    };
    let is_second = |(index, key): &(usize, &KeySpec)| keys.iter().take(*index).any(|first| for_one(first, key));
    keys.iter().enumerate().filter(is_second).map(|(_, key)| key).collect()
}

/// Whether the key is one of all actors, or of an actor that the proxy serves.
fn is_own(key: &KeySpec, config: &GateConfig, workloads: &[SpiffeId]) -> bool {
    let Some(actor) = &key.actor else { return true };
    let of_workflow = config.workflows.iter().filter(|workflow| workflow.name == key.workflow);
    let mut actors = of_workflow.filter_map(|workflow| workflow.actors.get(actor)).peekable();
    // Without the workflow, the key has no effect.
    actors.peek().is_none() || actors.any(|actor| workloads.iter().any(|workload| actor.includes(workload)))
}
