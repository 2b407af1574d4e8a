//! A configuration becomes the plugin's state. The plugin accepts every configuration: a proxy whose plugin refused
//! its configuration may run without the plugin (`filter/README.md`). So under a bad configuration every request is
//! denied, the log says why, and no older configuration stays in force.

use std::env::VarError;

use log::Level;
use stepgate_config::gate::CryptoSource;
use stepgate_config::starts::Starts;
use stepgate_config::{Code, GateConfig, MAX_INPUT, read_gate};
use stepgate_decision::Gate;
use stepgate_decision::keys::{Algorithm, KeyError};

use crate::crypto::HostCrypto;
use crate::host::{Host, HostError};
use crate::log_events;
use crate::plugin_state::PluginState;

/// At most this many messages about one configuration are logged.
const MAX_MESSAGES: usize = 50;

/// What to do about a text that is not JSON.
const NOT_JSON: &str = "a gate takes its configuration as JSON: Istio makes it of `pluginConfig`; in a bootstrap of Envoy, \
                        write JSON in the `StringValue`";

/// Reads a variable of the VM's environment.
pub(crate) type Environment<'e> = &'e dyn Fn(&str) -> Result<String, VarError>;

/// Messages about a configuration.
type Messages = Vec<(Level, String)>;

/// The plugin's state under a configuration.
pub(crate) fn configure(
    host: &dyn Host,
    configuration: Result<Vec<u8>, HostError>,
    environment: Environment<'_>,
) -> PluginState {
    let mut messages = Messages::new();
    let gate = read(configuration, &mut messages).and_then(|config| build(config, environment, &mut messages));
    let host_crypto = gate.as_ref().map(|gate| host_crypto(host, gate, &mut messages)).unwrap_or_default();
    log(&messages);
    match &gate {
        Some(gate) => {
            let es256 = gate.keys().has(Algorithm::Es256).then(|| host_crypto.engines());
            log_events::ready(gate.config(), es256);
        }
        None => log_events::configuration(
            Level::Error,
            "there is no usable configuration: every request is denied with NO_CONFIG",
        ),
    }
    PluginState::new(host, gate, host_crypto)
}

fn read(configuration: Result<Vec<u8>, HostError>, messages: &mut Messages) -> Option<GateConfig> {
    let bytes = configuration.map_err(|why| messages.push((Level::Error, why.to_string()))).ok()?;
    // Istio sends no `pluginConfig` at all where it is empty.
    if bytes.is_empty() {
        messages.push((Level::Error, "the plugin has no configuration".to_owned()));
        return None;
    }
    if bytes.len() > MAX_INPUT {
        messages.push((Level::Error, format!("the configuration has more than {MAX_INPUT} bytes")));
        return None;
    }
    let outcome = read_gate(&bytes);
    // Warnings are for `stepgate check`, which has the whole document and its author.
    let errors = outcome.diagnostics.iter().filter(|diagnostic| diagnostic.is_error());
    messages.extend(errors.map(|error| (Level::Error, error.to_string())));
    if outcome.diagnostics.iter().any(|diagnostic| diagnostic.code == Code::Syntax) {
        messages.push((Level::Error, NOT_JSON.to_owned()));
    }
    // One error is enough, however much of the rest was readable.
    let config = outcome.checked?;
    // An error for `stepgate check`. Here it would deny everything, and one owner's document would stop another's.
    let starts = config.starts();
    let denied = |contested| (Level::Warn, format!("{contested}: such a request is denied with AMBIGUOUS"));
    messages.extend(starts.contested.iter().map(denied));
    messages.extend(starts.incomplete.then(|| (Level::Warn, Starts::too_many().to_string())));
    Some(config)
}

fn build(config: GateConfig, environment: Environment<'_>, messages: &mut Messages) -> Option<Gate> {
    match Gate::new(config, &|name| environment(name).ok()) {
        Ok((gate, missing)) => {
            messages.extend(missing.iter().map(|key| (Level::Warn, left_out(key, environment))));
            Some(gate)
        }
        Err(errors) => {
            messages.extend(errors.iter().map(|error| (Level::Error, error.to_string())));
            None
        }
    }
}

/// Tests the proxy's crypto if the gate can use it.
fn host_crypto(host: &dyn Host, gate: &Gate, messages: &mut Messages) -> HostCrypto {
    match gate.config().crypto {
        CryptoSource::Auto if gate.keys().has(Algorithm::Es256) => {
            let (found, more) = HostCrypto::self_tested(host);
            messages.extend(more);
            found
        }
        CryptoSource::Auto | CryptoSource::Rust => HostCrypto::default(),
    }
}

/// Why a key was left out. A variable that is empty or not text is not called missing: its owner would look for it in
/// vain.
fn left_out(key: &KeyError, environment: Environment<'_>) -> String {
    let KeyError::Missing { kid, env } = key else { return key.to_string() };
    match environment(env) {
        Ok(_) => format!("key `{kid}`: the environment's `{env}` is empty"),
        Err(VarError::NotUnicode(_)) => format!("key `{kid}`: the environment's `{env}` is not text"),
        Err(VarError::NotPresent) => key.to_string(),
    }
}

/// Logs errors first, then warnings, so that the limit cuts off the least important messages.
fn log(messages: &Messages) {
    let of = |level: Level| messages.iter().filter(move |(l, _)| *l == level);
    let in_order = of(Level::Error).chain(of(Level::Warn)).chain(of(Level::Info));
    for (level, message) in in_order.take(MAX_MESSAGES) {
        log_events::configuration(*level, message);
    }
    let more = messages.len().saturating_sub(MAX_MESSAGES);
    if more > 0 {
        log_events::configuration(Level::Warn, &format!("and {more} more; `stepgate check` shows all"));
    }
}
