//! Keys that stand in for those of a mesh, so that a decision can be explained without any secret.

use stepgate_config::GateConfig;
use stepgate_config::gate::{KeySource, KeyUse, Revoked};
use stepgate_decision::keys::{KeyError, KeyRing};
use stepgate_decision::{Gate, GateError};

use super::environment;
use super::failure::Failure;
use super::subject::STAND_IN;
use stepgate_render::jwk;

/// A gate, and keys with which any actor can be spoken for.
pub(super) struct Staged {
    pub(super) gate: Gate,
    pub(super) keys: KeyRing,
}

/// A gate that has all its keys, each with a secret drawn now.
pub(super) fn stage(mut config: GateConfig) -> Result<Staged, Failure> {
    let secret = secret()?;
    let environment = |_: &str| Some(secret.clone());
    for key in &mut config.keys {
        key.source = KeySource::Env(STAND_IN.1.into());
    }
    let mut all_sign = config.keys.clone();
    all_sign.iter_mut().for_each(|key| key.key_use = KeyUse::Sign);
    // A step signed with a key that was revoked since would hide what else there is to say, so such keys
    // sign only where there is no other.
    all_sign.sort_by_key(|key| config.revoked.kids.contains(&key.kid));
    let usable = all_sign.iter().filter(|key| !config.revoked.kids.contains(&key.kid)).count();
    all_sign.truncate(if usable > 0 { usable } else { all_sign.len() });
    let ring = KeyRing::read(&all_sign, &Revoked::default(), &environment);
    let (keys, _) = ring.map_err(|found| keys_failed(&found))?;
    let (gate, _) = Gate::new(config, &environment).map_err(|found| gate_failed(&found))?;
    Ok(Staged { gate, keys })
}

/// A gate with the keys of this environment.
pub(super) fn with_real_keys(config: GateConfig) -> Result<Gate, Failure> {
    // The interlock does not bear on the decision.
    let secret = secret()?;
    let interlock = config.interlock.clone();
    let value = |name: &str| {
        environment::value(name).or_else(|| interlock.iter().any(|own| own == name).then(|| secret.clone()))
    };
    let (gate, missing) = Gate::new(config, &value).map_err(|found| gate_failed(&found))?;
    environment::warn_of(&missing);
    Ok(gate)
}

pub(super) fn keys_failed(found: &[KeyError]) -> Failure {
    let all: Vec<String> = found.iter().map(ToString::to_string).collect();
    Failure::impossible(format!("the keys cannot be used: {}", all.join("; ")))
}

fn gate_failed(found: &[GateError]) -> Failure {
    let all: Vec<String> = found.iter().map(ToString::to_string).collect();
    Failure::impossible(format!("no gate can be made of the configuration: {}", all.join("; ")))
}

/// A JWK without a `kid`, which is as good for any; also long and plain enough for an interlock.
fn secret() -> Result<String, Failure> {
    Ok(jwk::shared_secret(None)?)
}
