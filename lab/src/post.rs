//! Keys and configurations: one shared secret and one configuration for all gates, or a key pair for each actor,
//! and then a gate with its own private key and the public ones of the others.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use stepgate_config::name::{ActorName, Kid};
use stepgate_config::workflow::{Actor, Assurance, Workflow};
use stepgate_decision::Gate;
use stepgate_decision::keys::{Algorithm, Key, KeyActor};

use super::LabError;
use super::setting::EXEMPT_PATH;
use stepgate_render::jwk::{self, Jwks};

const KEY: &str = "STEPGATE_LAB_KEY";
const INTERLOCK: &str = "STEPGATE_LAB_INTERLOCK";

/// What the gates of one actor are given.
pub(super) struct Post {
    pub(super) gate: Arc<Gate>,
    pub(super) configuration: String,
    pub(super) environment: BTreeMap<String, String>,
    /// None at level `identity`.
    pub(super) keys: Option<Keys>,
}

/// With what an actor's gates sign, and what others try to sign with instead.
pub(super) struct Keys {
    pub(super) own: Key,
    /// A key of nobody's, with the same `kid`.
    pub(super) forged: Key,
    /// The public key, where there is one, for a shared secret.
    pub(super) public_as_secret: Option<Key>,
}

/// The posts of all actors.
pub(super) struct Posts(BTreeMap<ActorName, Arc<Post>>);

impl Posts {
    pub(super) fn of(workflow: &Workflow, document: &Value, algorithm: Algorithm) -> Result<Self, LabError> {
        let mut document = document.clone();
        // The lab enforces, whatever the document's own mode.
        if let Some(members) = document.as_object_mut() {
            members.remove("mode");
        }
        let interlock = jwk::random_text()?;
        let make = |keys: Vec<Value>, own: Option<(&Jwks, KeyActor, &str)>| {
            let mut environment = BTreeMap::from([(INTERLOCK.to_owned(), interlock.clone())]);
            if let Some((jwks, ..)) = &own {
                environment.insert(KEY.to_owned(), jwks.private.to_string());
            }
            post(configuration(&document, keys).to_string(), environment, own, algorithm).map(Arc::new)
        };
        let everybody =
            |post: Arc<Post>| workflow.actors.keys().map(|name| (name.clone(), Arc::clone(&post))).collect();
        if workflow.assurance == Assurance::Identity {
            return Ok(Self(everybody(make(Vec::new(), None)?)));
        }
        let sign = |kid: &str| json!({"workflow": workflow.name.as_str(), "kid": kid, "use": "sign", "env": KEY});
        if algorithm == Algorithm::Hs256 {
            let jwks = jwk::generate(algorithm, "lab")?;
            return Ok(Self(everybody(make(vec![sign("lab")], Some((&jwks, KeyActor::Any, "lab")))?)));
        }
        let mut pairs = BTreeMap::new();
        for name in workflow.actors.keys() {
            pairs.insert(name.clone(), jwk::generate(algorithm, name.as_str())?);
        }
        let keys = |mine: &ActorName| {
            let key = |(name, jwks): (&ActorName, &Jwks)| {
                let mut key = sign(name.as_str());
                if let Some(members) = key.as_object_mut() {
                    members.insert("actor".into(), name.as_str().into());
                    if name != mine {
                        members.remove("env");
                        members.insert("use".into(), "verify".into());
                        members.insert("jwk".into(), jwks.public.clone().into());
                    }
                }
                key
            };
            pairs.iter().map(key).collect::<Vec<_>>()
        };
        let each = |(name, jwks): (&ActorName, &Jwks)| {
            let own = (jwks, KeyActor::Only(name.clone()), name.as_str());
            Ok((name.clone(), make(keys(name), Some(own))?))
        };
        pairs.iter().map(each).collect::<Result<_, _>>().map(Self)
    }

    /// Those that are there already: of each actor what its gates are configured with, the variables of their proxies,
    /// and the key with which they sign, where they do.
    pub(super) fn given(gates: BTreeMap<ActorName, Post>) -> Self {
        Self(gates.into_iter().map(|(actor, post)| (actor, Arc::new(post))).collect())
    }

    pub(super) fn of_actor(&self, actor: &Actor) -> Option<&Arc<Post>> {
        self.0.get(&actor.name)
    }
}

fn post(
    configuration: String,
    environment: BTreeMap<String, String>,
    own: Option<(&Jwks, KeyActor, &str)>,
    algorithm: Algorithm,
) -> Result<Post, LabError> {
    let config = stepgate_config::read_gate(configuration.as_bytes())
        .into_result()
        .map(|(config, _)| config)
        .map_err(LabError::Document)?;
    let (gate, _) = Gate::new(config, &|name| environment.get(name).cloned())
        .map_err(|errors| LabError::Gate(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))?;
    let keys = own.map(|(jwks, actor, kid)| keys(jwks, &actor, kid, algorithm)).transpose()?;
    Ok(Post { gate: Arc::new(gate), configuration, environment, keys })
}

/// What to sign with, and what to try in its place.
pub(super) fn keys(jwks: &Jwks, actor: &KeyActor, kid: &str, algorithm: Algorithm) -> Result<Keys, LabError> {
    let failed = |error: &dyn std::fmt::Display| LabError::Gate(error.to_string());
    let key = |jwk: &str| {
        let kid = Kid::try_from(kid).map_err(|error| failed(&error))?;
        Key::new(kid, actor.clone(), jwk).map_err(|error| failed(&error))
    };
    let public = |jwks: &Value| {
        let bytes = jwks.get("x").and_then(Value::as_str)?;
        Some(json!({"kty": "oct", "k": bytes}).to_string())
    };
    Ok(Keys {
        own: key(&jwks.private.to_string())?,
        forged: key(&jwk::generate(algorithm, kid)?.private.to_string())?,
        public_as_secret: jwks.public.as_ref().and_then(public).map(|jwk| key(&jwk)).transpose()?,
    })
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
