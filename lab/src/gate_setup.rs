//! Keys and configurations: one shared secret and one configuration for all gates; or a key pair for each actor, whose
//! gates have its private key and the public keys of the others.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use stepgate_config::GateConfig;
use stepgate_config::jwk::Algorithm;
use stepgate_config::name::ActorName;
use stepgate_config::workflow::{Actor, Assurance, Workflow};
use stepgate_reference::Key;

use super::LabError;
use super::random;

/// A path that the lab's gates exempt for any peer of the mesh, by GET.
pub const EXEMPT_PATH: &str = "/.well-known/stepgate-lab";
const KEY: &str = "STEPGATE_LAB_KEY";
const INTERLOCK: &str = "STEPGATE_LAB_INTERLOCK";

/// The setup of one actor's gates.
pub(super) struct GateSetup {
    pub(super) config: GateConfig,
    /// The same as text.
    pub(super) configuration: String,
    pub(super) environment: BTreeMap<String, String>,
    /// None at level `identity`.
    pub(super) keys: Option<Keys>,
}

/// The key with which an actor's gates sign, and keys that attacks use instead.
pub(super) struct Keys {
    pub(super) own: Key,
    /// A key of the same name that is not configured anywhere.
    pub(super) forged: Key,
    /// The public key, if there is one, as a shared secret.
    pub(super) public_as_secret: Option<Key>,
}

impl Keys {
    pub(super) fn of(own: Key, kid: &str) -> Self {
        Self { forged: Key::generate(own.algorithm(), kid), public_as_secret: own.public_as_secret(), own }
    }
}

/// The setups of all actors.
pub(super) struct GateSetups(BTreeMap<ActorName, Arc<GateSetup>>);

impl GateSetups {
    pub(super) fn of(workflow: &Workflow, document: &Value, algorithm: Algorithm) -> Result<Self, LabError> {
        let mut document = document.clone();
        // The lab enforces, whatever the document's own mode.
        if let Some(members) = document.as_object_mut() {
            members.remove("mode");
        }
        let interlock = random::secret()?;
        // Gates of one Envoy share its environment, so each actor's key has a name of its own there.
        let variable = |kid: &str| match workflow.actors.keys().position(|name| name.as_str() == kid) {
            Some(number) => format!("{KEY}_{number}"),
            None => KEY.to_owned(),
        };
        let make = |keys: Vec<Value>, private: Vec<(String, String)>, own: Option<(Key, &str)>| {
            let mut environment = BTreeMap::from([(INTERLOCK.to_owned(), interlock.clone())]);
            environment.extend(private);
            if let Some((key, kid)) = &own {
                environment.insert(variable(kid), key.private_jwk());
            }
            let configuration = configuration(&document, keys).to_string();
            let keys = own.map(|(key, kid)| Keys::of(key, kid));
            Ok::<_, LabError>(Arc::new(GateSetup { config: read(&configuration)?, configuration, environment, keys }))
        };
        let everybody =
            |setup: Arc<GateSetup>| workflow.actors.keys().map(|name| (name.clone(), Arc::clone(&setup))).collect();
        if workflow.assurance == Assurance::Identity {
            return Ok(Self(everybody(make(Vec::new(), Vec::new(), None)?)));
        }
        let sign =
            |kid: &str| json!({"workflow": workflow.name.as_str(), "kid": kid, "use": "sign", "env": variable(kid)});
        if algorithm == Algorithm::Hs256 {
            let key = Key::generate(algorithm, "lab");
            return Ok(Self(everybody(make(vec![sign("lab")], Vec::new(), Some((key, "lab")))?)));
        }
        let pairs: Vec<(&ActorName, Key)> =
            workflow.actors.keys().map(|name| (name, Key::generate(algorithm, name.as_str()))).collect();
        let public: BTreeMap<&ActorName, Option<Value>> =
            pairs.iter().map(|(name, key)| (*name, key.public_jwk())).collect();
        let private: BTreeMap<&ActorName, String> =
            pairs.iter().map(|(name, key)| (*name, key.private_jwk())).collect();
        // A workload may be several actors, and its gate signs as each of them.
        let shares = |mine: &ActorName, name: &ActorName| {
            let ids = |name| workflow.actors.get(name).into_iter().flat_map(|actor| &actor.examples);
            mine == name || ids(mine).any(|id| ids(name).any(|other| id == other))
        };
        let also = |mine: &ActorName| -> Vec<(String, String)> {
            let others = private.iter().filter(|(name, _)| shares(mine, name));
            others.map(|(name, jwk)| (variable(name.as_str()), jwk.clone())).collect()
        };
        let keys = |mine: &ActorName| -> Vec<Value> {
            let key = |(name, public): (&&ActorName, &Option<Value>)| {
                let mut key = sign(name.as_str());
                if let Some(members) = key.as_object_mut() {
                    members.insert("actor".into(), name.as_str().into());
                    if !shares(mine, name) {
                        members.remove("env");
                        members.insert("use".into(), "verify".into());
                        members.insert("jwk".into(), public.clone().into());
                    }
                }
                key
            };
            public.iter().map(key).collect()
        };
        let each = |(name, key): (&ActorName, Key)| {
            Ok((name.clone(), make(keys(name), also(name), Some((key, name.as_str())))?))
        };
        pairs.into_iter().map(each).collect::<Result<_, _>>().map(Self)
    }

    /// The setups of an existing mesh.
    pub(super) fn existing(setups: BTreeMap<ActorName, GateSetup>) -> Self {
        Self(setups.into_iter().map(|(actor, setup)| (actor, Arc::new(setup))).collect())
    }

    pub(super) fn of_actor(&self, actor: &Actor) -> Option<&Arc<GateSetup>> {
        self.0.get(&actor.name)
    }
}

/// Reads a gate's configuration.
pub(super) fn read(configuration: &str) -> Result<GateConfig, LabError> {
    let read = stepgate_config::read_gate(configuration.as_bytes()).into_result();
    read.map(|(config, _)| config)
        .map_err(|errors| LabError::Gate(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))
}

fn configuration(document: &Value, keys: Vec<Value>) -> Value {
    let mut configuration = json!({
        "interlock": {"env": [INTERLOCK]},
        "exempt": [{"methods": ["GET"], "path": EXEMPT_PATH}],
        "log": {"denials_per_second": 5},
        "workflows": [document],
    });
    if let (false, Some(members)) = (keys.is_empty(), configuration.as_object_mut()) {
        members.insert("keys".to_owned(), keys.into());
    }
    configuration
}
