//! A configuration becomes a station. Whatever is wrong with it, the plugin takes it: a proxy whose
//! plugin refused its configuration may run without the plugin (`filter/README.md`). So a bad
//! configuration is one that denies everything, says why, and never leaves an older one in force.

use std::env::VarError;

use stepgate_config::gate::CryptoSource;
use stepgate_config::{Diagnostic, GateConfig, MAX_INPUT, Severity, read_gate};
use stepgate_decision::Gate;
use stepgate_decision::keys::{Algorithm, KeyError};

use crate::crypto::Native;
use crate::host::{Host, HostError, Level};
use crate::lines;
use crate::station::Station;

/// Most lines that one configuration writes to the log.
const MAX_LINES: usize = 50;

/// A configuration as the proxy holds it.
pub(crate) trait Source {
    /// Its size in bytes.
    fn size(&self) -> usize;

    /// Its bytes.
    fn read(&self) -> Result<Vec<u8>, HostError>;
}

/// What answers for the VM's variables.
pub(crate) type Environment<'e> = &'e dyn Fn(&str) -> Result<String, VarError>;

/// What is said of a configuration.
type Notes = Vec<(Level, String)>;

/// Makes the station of a configuration.
pub(crate) fn configure(host: &dyn Host, source: &dyn Source, environment: Environment<'_>) -> Station {
    let mut notes = Notes::new();
    let gate = read(source, &mut notes).and_then(|config| build(config, environment, &mut notes));
    let native = gate.as_ref().map(|gate| native(host, gate, &mut notes)).unwrap_or_default();
    say(host, &notes);
    match &gate {
        Some(gate) => say_ready(host, gate, &native),
        None => host.log(
            Level::Error,
            &lines::configuration("there is no usable configuration: every request is denied with NO_CONFIG"),
        ),
    }
    Station::new(host, gate, native)
}

fn read(source: &dyn Source, notes: &mut Notes) -> Option<GateConfig> {
    // Istio sends no `pluginConfig` at all where it is empty.
    if source.size() == 0 {
        notes.push((Level::Error, "the plugin has no configuration".to_owned()));
        return None;
    }
    if source.size() > MAX_INPUT {
        notes.push((Level::Error, format!("the configuration has more than {MAX_INPUT} bytes")));
        return None;
    }
    let bytes = source.read().map_err(|why| notes.push((Level::Error, why.to_owned()))).ok()?;
    let outcome = read_gate(&bytes);
    notes.extend(outcome.diagnostics.iter().map(|diagnostic| (level(diagnostic), diagnostic.to_string())));
    // One error is enough, whatever was read beside it.
    outcome.into_result().ok().map(|(config, _)| config)
}

fn level(diagnostic: &Diagnostic) -> Level {
    match diagnostic.severity() {
        Severity::Error => Level::Error,
        Severity::Warning => Level::Warn,
        Severity::Note => Level::Info,
    }
}

fn build(config: GateConfig, environment: Environment<'_>, notes: &mut Notes) -> Option<Gate> {
    match Gate::new(config, &|name| environment(name).ok()) {
        Ok((gate, missing)) => {
            notes.extend(missing.iter().map(|key| (Level::Warn, left_out(key, environment))));
            Some(gate)
        }
        Err(errors) => {
            notes.extend(errors.iter().map(|error| (Level::Error, error.to_string())));
            None
        }
    }
}

/// The proxy's crypto, where the gate has a use for it.
fn native(host: &dyn Host, gate: &Gate, notes: &mut Notes) -> Native {
    match gate.config().crypto {
        CryptoSource::Auto if gate.keys().has(Algorithm::Es256) => {
            let (native, tried) = Native::tried(host);
            notes.extend(tried);
            native
        }
        CryptoSource::Auto | CryptoSource::Rust => Native::default(),
    }
}

/// Why a key was left out. A variable that is set to nothing or to no text is looked for in vain where
/// it is said to be missing.
fn left_out(key: &KeyError, environment: Environment<'_>) -> String {
    let KeyError::Missing { kid, env } = key else { return key.to_string() };
    match environment(env) {
        Ok(_) => format!("key `{kid}`: the environment's `{env}` is empty"),
        Err(VarError::NotUnicode(_)) => format!("key `{kid}`: the environment's `{env}` is not text"),
        Err(VarError::NotPresent) => key.to_string(),
    }
}

/// What is wrong comes before what is only worth knowing, so that no bound cuts it off.
fn say(host: &dyn Host, notes: &Notes) {
    let of = |level: Level| notes.iter().filter(move |(l, _)| *l == level);
    let in_order = of(Level::Error).chain(of(Level::Warn)).chain(of(Level::Info));
    for (level, message) in in_order.take(MAX_LINES) {
        host.log(*level, &lines::configuration(message));
    }
    let more = notes.len().saturating_sub(MAX_LINES);
    if more > 0 {
        host.log(Level::Warn, &lines::configuration(&format!("and {more} more; `stepgate check` shows all")));
    }
}

fn say_ready(host: &dyn Host, gate: &Gate, native: &Native) {
    let config = gate.config();
    let workflows: Vec<_> = config.workflows.iter().map(|workflow| lines::Ready::of(workflow, config.mode)).collect();
    let es256 = gate.keys().has(Algorithm::Es256).then(|| native.engines());
    host.log(Level::Info, &lines::ready(&workflows, es256));
}
