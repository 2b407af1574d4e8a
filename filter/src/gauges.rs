//! Gauges show what is in force now; the log shows what a proxy read once.
//!
//! A gauge counts the VMs of the proxy (one for each worker, and one in the main thread) that its labels describe. The
//! labels are part of the name, as in [`crate::counters`]. They come from the configuration only, and a key is named
//! by its `kid`. The VM in which Envoy tries a configuration raises none: Envoy discards it without any callback, see
//! `PluginState::start`.

use proxy_wasm::types::MetricType;
use stepgate_config::gate::{KeySpec, KeyUse};
use stepgate_config::sorted::SortedSet;
use stepgate_config::workflow::{Mode, Workflow};
use stepgate_decision::Gate;

use crate::counters::label;
use crate::host::Host;
use crate::log_events;

/// The gauges that one configuration has raised.
#[derive(Debug, Default)]
pub(crate) struct Gauges(Vec<u32>);

impl Gauges {
    /// Raises the gauges of a gate that comes into force; of no gate, the one that says so.
    pub(crate) fn raise(host: &dyn Host, gate: Option<&Gate>) -> Self {
        let mut raised = Vec::new();
        for name in names(gate) {
            match host.define_metric(MetricType::Gauge, &name) {
                Ok(gauge) => {
                    host.increment_metric(gauge, 1);
                    raised.push(gauge);
                }
                // A gate decides without its gauges too.
                Err(why) => log_events::trouble("a gauge could not be made", &why.to_string()),
            }
        }
        Self(raised)
    }

    /// Lowers them: they are not in force any more.
    pub(crate) fn lower(&self, host: &dyn Host) {
        for gauge in &self.0 {
            host.increment_metric(*gauge, -1);
        }
    }
}

fn names(gate: Option<&Gate>) -> Vec<String> {
    let version = label("version", env!("CARGO_PKG_VERSION"));
    let Some(gate) = gate else { return vec![format!("{version}stepgate_no_config")] };
    let config = gate.config();
    let workflows = config.workflows.iter().map(|workflow| of_workflow(workflow, config.mode_of(workflow), &version));
    let held = config.keys.iter().filter(|key| gate.keys().find(&key.workflow, key.kid.as_str()).is_some());
    let starts = config.starts();
    let contested: SortedSet<&str> = starts
        .contested
        .iter()
        .flat_map(|pair| [pair.first, pair.second])
        .map(|one| one.workflow.name.as_str())
        .collect();
    let contested = contested.into_iter().map(|name| format!("{}stepgate_contested_start", label("workflow", name)));
    workflows.chain(held.map(of_key)).chain(contested).collect()
}

fn of_workflow(workflow: &Workflow, mode: Mode, version: &str) -> String {
    let (name, revision) =
        (label("workflow", workflow.name.as_str()), label("revision", &workflow.revision.to_string()));
    let (digest, mode) = (label("digest", workflow.digest.as_str()), label("mode", mode.as_str()));
    format!("{name}{revision}{digest}{mode}{version}stepgate_gate")
}

fn of_key(key: &KeySpec) -> String {
    let (workflow, kid) = (label("workflow", key.workflow.as_str()), label("kid", key.kid.as_str()));
    let actor = label("actor", key.actor.as_ref().map_or("*", |actor| actor.as_str()));
    let used = match key.key_use {
        KeyUse::Sign => "sign",
        KeyUse::Verify => "verify",
    };
    format!("{workflow}{actor}{kid}{}stepgate_key", label("use", used))
}
