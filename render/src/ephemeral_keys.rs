//! Ephemeral keys in place of those of a mesh, so that a decision can be explained without any secret.

use stepgate_config::GateConfig;
use stepgate_config::gate::{KeySource, KeyUse, Revoked};
use stepgate_decision::keys::{KeyError, KeyRing};
use stepgate_decision::{Gate, GateError};

use crate::jwk::{self, GenerateError};

/// A gate with ephemeral keys, and keys that sign for any actor.
pub struct EphemeralGate {
    /// The gate.
    pub gate: Gate,
    /// Keys that sign for every actor of the gate's workflows.
    pub keys: KeyRing,
}

/// Why a configuration and keys make no gate.
#[derive(Debug, thiserror::Error)]
pub enum UnusableGate {
    /// No key could be generated.
    #[error(transparent)]
    Jwk(#[from] GenerateError),
    /// The gate would refuse the keys.
    #[error("the keys cannot be used: {}", joined(.0))]
    Keys(Vec<KeyError>),
    /// A gate would refuse the configuration.
    #[error("a gate would refuse the configuration: {}", joined(.0))]
    Gate(Vec<GateError>),
}

impl EphemeralGate {
    /// Replaces every key of the configuration by one that is generated now.
    ///
    /// # Errors
    /// No key can be generated; a gate would refuse the configuration.
    pub fn new(mut config: GateConfig) -> Result<Self, UnusableGate> {
        let secret = jwk::shared_secret(None)?;
        let environment = |_: &str| Some(secret.clone());
        for key in &mut config.keys {
            key.source = KeySource::Env("STEPGATE_EPHEMERAL".into());
        }
        let mut all_sign = config.keys.clone();
        all_sign.iter_mut().for_each(|key| key.key_use = KeyUse::Sign);
        // A step signed with a revoked key is denied for that reason alone. Revoked keys sign only if there is no other.
        all_sign.sort_by_key(|key| config.revoked.kids.contains(&key.kid));
        let usable = all_sign.iter().filter(|key| !config.revoked.kids.contains(&key.kid)).count();
        all_sign.truncate(if usable > 0 { usable } else { all_sign.len() });
        let (keys, _) = KeyRing::read(&all_sign, &Revoked::default(), &environment).map_err(UnusableGate::Keys)?;
        let (gate, _) = Gate::new(config, &environment).map_err(UnusableGate::Gate)?;
        Ok(Self { gate, keys })
    }
}

fn joined(errors: &[impl ToString]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
