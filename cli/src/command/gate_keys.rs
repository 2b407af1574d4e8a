//! Gates and keys of a configuration with the keys of this environment.

use stepgate_config::GateConfig;
use stepgate_decision::Gate;
use stepgate_decision::keys::KeyRing;
use stepgate_render::{UnusableGate, jwk};

use super::environment;
use super::error::CommandError;

/// A gate with the keys of this environment. Keys that are missing are left out, with a warning.
pub(super) fn gate(config: GateConfig) -> Result<Gate, CommandError> {
    // The interlock has no effect on the decision.
    let secret = jwk::shared_secret(None)?;
    let interlock = config.interlock.clone();
    let value = |name: &str| {
        environment::value(name).or_else(|| interlock.iter().any(|own| own == name).then(|| secret.clone()))
    };
    let read = Gate::new(config, &value);
    let (gate, missing) = read.map_err(|found| CommandError::failed(UnusableGate::Gate(found)))?;
    environment::warn_of(&missing);
    Ok(gate)
}

/// The keys of this environment. Those that are missing are left out, with a warning.
pub(super) fn ring(config: &GateConfig) -> Result<KeyRing, CommandError> {
    let read = KeyRing::read(&config.keys, &config.revoked, &environment::value);
    let (ring, missing) = read.map_err(|found| CommandError::failed(UnusableGate::Keys(found)))?;
    environment::warn_of(&missing);
    Ok(ring)
}
