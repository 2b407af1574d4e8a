//! All keys of a gate.

use std::fmt;

use stepgate_config::gate::{KeySource, KeySpec, KeyUse, Revoked};
use stepgate_config::jwk::{Algorithm, JwkError};
use stepgate_config::name::{ActorName, Kid, WorkflowName};
use stepgate_config::sorted::{SortedMap, SortedSet};

use super::jwk::Material;
use crate::token::{Heads, TokenType};

/// The actor who may sign with a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyActor {
    /// Any actor of the workflow.
    Any,
    /// This one only.
    Only(ActorName),
}

impl KeyActor {
    /// Whether the actor may sign with it.
    pub fn covers(&self, actor: &ActorName) -> bool {
        match self {
            Self::Any => true,
            Self::Only(only) => only == actor,
        }
    }
}

/// A key with its configuration.
pub struct Key {
    kid: Kid,
    actor: KeyActor,
    key_use: KeyUse,
    revoked: bool,
    material: Material,
    heads: Heads,
}

impl Key {
    /// A key for signing outside a gate (tests, the command).
    ///
    /// # Errors
    /// What is wrong with the JWK.
    pub fn new(kid: Kid, actor: KeyActor, jwk: &str) -> Result<Self, JwkError> {
        let material = Material::from_jwk(jwk, kid.as_str())?;
        let heads = Heads::new(material.algorithm(), &kid);
        Ok(Self { kid, actor, key_use: KeyUse::Sign, revoked: false, material, heads })
    }

    /// Its identifier.
    pub fn kid(&self) -> &Kid {
        &self.kid
    }

    /// The actor who may sign with it.
    pub fn actor(&self) -> &KeyActor {
        &self.actor
    }

    /// Whether it was revoked.
    pub fn revoked(&self) -> bool {
        self.revoked
    }

    /// The algorithm that it is for.
    pub fn algorithm(&self) -> Algorithm {
        self.material.algorithm()
    }

    /// The first part of its tokens, and the dot.
    pub(crate) fn head(&self, token_type: TokenType) -> &str {
        self.heads.of(token_type)
    }

    /// The key itself.
    pub fn material(&self) -> &Material {
        &self.material
    }
}

impl fmt::Debug for Key {
    /// Without the key itself.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}, {:?}, {})", self.kid, self.actor, self.algorithm().alg())
    }
}

/// Why a key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The variable is not set. This is normal where each actor has a key of its own and only its own gate has the
    /// variable; the key is left out.
    #[error("key `{kid}`: the environment has no `{env}`")]
    Missing {
        /// The key.
        kid: Kid,
        /// The variable.
        env: String,
    },
    /// Its value is not a usable JWK: the gate must not run.
    #[error("key `{kid}`: {error}")]
    Unusable {
        /// The key.
        kid: Kid,
        /// Why.
        error: JwkError,
    },
    /// It is configured to sign, and cannot.
    #[error("key `{kid}`: `use: sign` requires a private key, and this one is public")]
    CannotSign {
        /// The key.
        kid: Kid,
    },
}

/// Keys by workflow and `kid`.
#[derive(Debug, Default)]
pub struct KeyRing {
    workflows: SortedMap<WorkflowName, SortedMap<Kid, Key>>,
}

impl KeyRing {
    /// Reads all keys; `environment` gives the value of a variable. Keys that are missing are left out and
    /// returned beside the ring.
    ///
    /// # Errors
    /// All keys whose variable is set and that cannot be used.
    pub fn read(
        specs: &[KeySpec],
        revoked: &Revoked,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<(Self, Vec<KeyError>), Vec<KeyError>> {
        let (mut ring, mut missing, mut unusable) = (Self::default(), Vec::new(), Vec::new());
        for spec in specs {
            match read_key(spec, &revoked.kids, environment) {
                Ok(key) => {
                    ring.workflows.entry(spec.workflow.clone()).or_default().insert(spec.kid.clone(), key);
                }
                Err(error @ KeyError::Missing { .. }) => missing.push(error),
                Err(error @ (KeyError::Unusable { .. } | KeyError::CannotSign { .. })) => unusable.push(error),
            }
        }
        if unusable.is_empty() { Ok((ring, missing)) } else { Err(unusable) }
    }

    /// The key of a workflow with this `kid`.
    pub fn find(&self, workflow: &WorkflowName, kid: &str) -> Option<&Key> {
        self.workflows.get(workflow)?.get(kid)
    }

    /// Whether any key is for this algorithm.
    pub fn has(&self, algorithm: Algorithm) -> bool {
        self.workflows.values().flat_map(SortedMap::values).any(|key| key.algorithm() == algorithm)
    }

    /// The key that this actor's gate signs with: its own, or else one for any actor.
    pub fn signer(&self, workflow: &WorkflowName, actor: &ActorName) -> Option<&Key> {
        let signing = || {
            self.workflows
                .get(workflow)
                .into_iter()
                .flat_map(|keys| keys.values())
                .filter(|key| key.key_use == KeyUse::Sign && !key.revoked)
        };
        signing()
            .find(|key| key.actor == KeyActor::Only(actor.clone()))
            .or_else(|| signing().find(|key| key.actor == KeyActor::Any))
    }
}

fn read_key(
    spec: &KeySpec,
    revoked: &SortedSet<Kid>,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Key, KeyError> {
    let kid = spec.kid.clone();
    let jwk = match &spec.source {
        KeySource::Jwk(jwk) => jwk.clone(),
        KeySource::Env(env) => environment(env)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| KeyError::Missing { kid: kid.clone(), env: env.clone() })?,
    };
    let material =
        Material::from_jwk(&jwk, kid.as_str()).map_err(|error| KeyError::Unusable { kid: kid.clone(), error })?;
    if spec.key_use == KeyUse::Sign && !material.signs() {
        return Err(KeyError::CannotSign { kid });
    }
    let actor = spec.actor.clone().map_or(KeyActor::Any, KeyActor::Only);
    let heads = Heads::new(material.algorithm(), &kid);
    Ok(Key { revoked: revoked.contains(&kid), actor, key_use: spec.key_use, material, heads, kid })
}
