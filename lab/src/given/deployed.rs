//! The gates of a mesh as they are configured, and the setting that the lab reads from that.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use stepgate_config::GateConfig;
use stepgate_config::gate::{KeySource, KeyUse};
use stepgate_config::workflow::{Actor, Assurance, Mode, Workflow};
use stepgate_decision::Gate;
use stepgate_decision::keys::{Key, KeyActor};

use super::super::LabError;
use super::super::post::{self, Keys, Post, Posts};
use super::super::setting::{EXEMPT_PATH, Setting};
use stepgate_render::jwk::Jwks;

/// What the gates of one actor are given.
#[derive(Clone)]
pub struct Given {
    /// The gate's configuration (`pluginConfig`), YAML or JSON.
    pub configuration: String,
    /// The variables of the proxy: those of its keys and of its interlock.
    pub environment: BTreeMap<String, String>,
}

// By hand, so that no log shows a key.
impl std::fmt::Debug for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Given").field("configuration", &self.configuration).finish_non_exhaustive()
    }
}

pub(super) fn setting(gates: &BTreeMap<String, Given>) -> Result<Setting, LabError> {
    let wrong = |what: &str| LabError::Gate(what.to_owned());
    let first = gates.values().next().ok_or_else(|| wrong("no gate is given"))?;
    let workflow = only_workflow(&read(first)?)?;
    let mut posts = BTreeMap::new();
    for actor in workflow.actors.values() {
        let missing = || LabError::Gate(format!("no gate is given for the actor `{}`", actor.name));
        let given = gates.get(actor.name.as_str()).ok_or_else(missing)?;
        let config = read(given)?;
        if only_workflow(&config)?.digest != workflow.digest {
            return Err(wrong("the gates have different workflows"));
        }
        posts.insert(actor.name.clone(), of_actor(config, given, actor, &workflow)?);
    }
    Ok(Setting::of_given(workflow, Posts::given(posts)))
}

fn read(given: &Given) -> Result<GateConfig, LabError> {
    let read = stepgate_config::read_gate(given.configuration.as_bytes()).into_result();
    read.map(|(config, _)| config).map_err(LabError::Document)
}

fn only_workflow(config: &GateConfig) -> Result<Arc<Workflow>, LabError> {
    match config.workflows.as_slice() {
        [only] => Ok(Arc::clone(only)),
        _ => Err(LabError::Gate("the lab tries gates of one workflow in one revision".into())),
    }
}

fn of_actor(config: GateConfig, given: &Given, actor: &Actor, workflow: &Workflow) -> Result<Post, LabError> {
    let wrong = |what: String| LabError::Gate(format!("the gate of `{}` {what}", actor.name));
    if config.mode_of(workflow) != Mode::Enforce {
        return Err(wrong("only observes: nothing would be refused".into()));
    }
    let own = EXEMPT_PATH.split('/').skip(1);
    if !config.exempt.iter().any(|exempt| exempt.request.path.as_ref().is_some_and(|path| path.matches(own.clone()))) {
        return Err(wrong(format!("does not exempt `GET {EXEMPT_PATH}`")));
    }
    let keys = match workflow.assurance {
        Assurance::Identity => None,
        Assurance::Signed => Some(
            keys(&config, given, actor)?.ok_or_else(|| wrong("has no key to sign with in its environment".into()))?,
        ),
    };
    let (gate, _) = Gate::new(config, &|name| given.environment.get(name).cloned())
        .map_err(|errors| wrong(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))?;
    let (configuration, environment) = (given.configuration.clone(), given.environment.clone());
    Ok(Post { gate: Arc::new(gate), configuration, environment, keys })
}

/// The key with which this actor's gates sign.
fn keys(config: &GateConfig, given: &Given, actor: &Actor) -> Result<Option<Keys>, LabError> {
    let signs = config
        .keys
        .iter()
        .find(|key| key.key_use == KeyUse::Sign && key.actor.as_ref().is_none_or(|of| *of == actor.name));
    let Some(spec) = signs else { return Ok(None) };
    let KeySource::Env(variable) = &spec.source else { return Ok(None) };
    let Some(text) = given.environment.get(variable) else { return Ok(None) };
    let failed = |error: &dyn std::fmt::Display| LabError::Gate(format!("`{variable}` holds no key: {error}"));
    let of = spec.actor.clone().map_or(KeyActor::Any, KeyActor::Only);
    let algorithm = Key::new(spec.kid.clone(), of.clone(), text).map_err(|error| failed(&error))?.algorithm();
    let private: Value = serde_json::from_str(text).map_err(|error| failed(&error))?;
    // Of a shared secret there is nothing to show.
    let public = private.get("x").is_some().then(|| private.clone());
    post::keys(&Jwks { private, public }, &of, spec.kid.as_str(), algorithm).map(Some)
}
