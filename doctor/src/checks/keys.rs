//! The keys of a gate: the expected ones, and others.

use std::sync::Arc;

use stepgate_config::GateConfig;
use stepgate_config::gate::{KeySpec, KeyUse};
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Actor, Assurance, Workflow};

use crate::expected::ExpectedState;
use crate::finding::{Finding, Kind};

/// The key in a message.
pub(super) fn named(key: &KeySpec) -> String {
    format!("the key `{}` of `{}`", key.kid.as_str(), key.workflow.as_str())
}

/// Keys of a workflow that the gate does not know, and actors of it for which it cannot sign.
pub(super) fn missing(
    config: &GateConfig,
    expected: &ExpectedState,
    workflow: &Workflow,
    workloads: &[SpiffeId],
) -> Vec<Finding> {
    let unknown = expected.keys().iter().filter(|key| key.workflow == workflow.name && !has(&config.keys, key));
    let unknown = unknown.map(|key| Finding::new(Kind::KeyUnknown, format!("its gate does not know {}", named(key))));
    unknown.chain(no_signer(config, workflow, workloads)).collect()
}

/// The key of one actor is configured with `sign` at that actor's gates and with `verify` at all others, under the same
/// name.
fn has(keys: &[KeySpec], key: &KeySpec) -> bool {
    keys.iter().any(|has| has.workflow == key.workflow && has.kid == key.kid && has.actor == key.actor)
}

/// A gate that cannot sign denies every request that has a next step.
fn no_signer(config: &GateConfig, workflow: &Workflow, workloads: &[SpiffeId]) -> Vec<Finding> {
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
    let foreign = config.keys.iter().filter(|key| key.key_use == KeyUse::Sign && !is_own(key, config, workloads));
    let foreign = foreign.map(|key| format!("its gate signs with {}, which is another actor's", named(key)));
    more.chain(foreign).map(|message| Finding::new(Kind::SurplusKey, message)).collect()
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
