//! Gates and keys of a configuration with the keys of this environment.

use stepgate_config::GateConfig;
use stepgate_decision::Gate;
use stepgate_decision::keys::{KeyError, KeyRing};
use stepgate_render::jwk;

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
    let (gate, missing) = Gate::new(config, &value)
        .map_err(|found| CommandError::failed(format!("a gate would refuse the configuration: {}", joined(&found))))?;
    environment::warn_of(&missing);
    Ok(gate)
}

/// The keys of this environment. Those that are missing are left out, with a warning.
pub(super) fn ring(config: &GateConfig) -> Result<KeyRing, CommandError> {
    let read = KeyRing::read(&config.keys, &config.revoked, &environment::value);
    let (ring, missing) = read
        .map_err(|found: Vec<KeyError>| CommandError::failed(format!("the keys cannot be used: {}", joined(&found))))?;
    environment::warn_of(&missing);
    Ok(ring)
}

fn joined(errors: &[impl ToString]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
