//! The gates of a mesh as they are configured, and the fixture that the lab reads from that.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use stepgate_config::GateConfig;
use stepgate_config::gate::{KeySource, KeyUse};
use stepgate_config::workflow::{Actor, Mode, Workflow};
use stepgate_reference::Key;

use crate::LabError;
use crate::fixture::Fixture;
use crate::gate_setup::{self, EXEMPT_PATH, GateSetup, GateSetups, Keys};

/// How the gates of one actor are configured.
#[derive(Clone)]
pub struct Deployed {
    /// The gate's configuration (`pluginConfig`), YAML or JSON.
    pub configuration: String,
    /// The variables of the proxy: those of its keys and of its interlock.
    pub environment: BTreeMap<String, String>,
}

// By hand, so that no log shows a key.
impl fmt::Debug for Deployed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deployed").field("configuration", &self.configuration).finish_non_exhaustive()
    }
}

pub(super) fn fixture(gates: &BTreeMap<String, Deployed>) -> Result<Fixture, LabError> {
    let wrong = |what: &str| LabError::Gate(what.to_owned());
    let first = gates.values().next().ok_or_else(|| wrong("there is no gate"))?;
    let workflow = only_workflow(&gate_setup::read(&first.configuration)?)?;
    let mut setups = BTreeMap::new();
    for actor in workflow.actors.values() {
        let missing = || LabError::Gate(format!("there is no gate for the actor `{}`", actor.name));
        let deployed = gates.get(actor.name.as_str()).ok_or_else(missing)?;
        let config = gate_setup::read(&deployed.configuration)?;
        if only_workflow(&config)?.digest != workflow.digest {
            return Err(wrong("the gates have different workflows"));
        }
        setups.insert(actor.name.clone(), of_actor(config, deployed, actor, &workflow)?);
    }
    Fixture::existing(workflow, GateSetups::existing(setups))
}

fn only_workflow(config: &GateConfig) -> Result<Arc<Workflow>, LabError> {
    match config.workflows.as_slice() {
        [only] => Ok(Arc::clone(only)),
        _ => Err(LabError::Gate("the lab tries gates of one workflow in one revision".into())),
    }
}

fn of_actor(
    config: GateConfig,
    deployed: &Deployed,
    actor: &Actor,
    workflow: &Workflow,
) -> Result<GateSetup, LabError> {
    let wrong = |what: &str| LabError::Gate(format!("the gate of `{}` {what}", actor.name));
    if config.mode_of(workflow) != Mode::Enforce {
        return Err(wrong("only observes: nothing would be refused"));
    }
    let own = EXEMPT_PATH.split('/').skip(1);
    if !config.exempt.iter().any(|exempt| exempt.request.path.as_ref().is_some_and(|path| path.matches(own.clone()))) {
        return Err(wrong(&format!("does not exempt `GET {EXEMPT_PATH}`")));
    }
    let keys = if workflow.assurance.has_tokens() {
        let keys = keys(&config, deployed, actor)?;
        Some(keys.ok_or_else(|| wrong("has no key to sign with in its environment"))?)
    } else {
        None
    };
    let (configuration, environment) = (deployed.configuration.clone(), deployed.environment.clone());
    Ok(GateSetup { config, configuration, environment, keys })
}

/// The key with which this actor's gates sign.
fn keys(config: &GateConfig, deployed: &Deployed, actor: &Actor) -> Result<Option<Keys>, LabError> {
    let signs = config
        .keys
        .iter()
        .find(|key| key.key_use == KeyUse::Sign && key.actor.as_ref().is_none_or(|of| *of == actor.name));
    let Some(spec) = signs else { return Ok(None) };
    let KeySource::Env(variable) = &spec.source else { return Ok(None) };
    let Some(jwk) = deployed.environment.get(variable) else { return Ok(None) };
    Ok(Some(Keys::of(Key::from_jwk(jwk, spec.kid.as_str())?, spec.kid.as_str())))
}
