//! What is in force, told in gauges: a log says what a proxy read once, these say what it goes by now.
//!
//! A gauge counts the VMs of the proxy (one for each worker, and one in the main thread) that hold what its
//! labels say; the labels stand in the name, as [`crate::counters`] has them. They come from the
//! configuration alone, and a key is named by its `kid`. The VM in which Envoy tries a configuration raises none: it
//! is thrown away without a word, see [`crate::station::Station::begin`].

use stepgate_config::gate::{KeySpec, KeyUse};
use stepgate_config::workflow::{Mode, Workflow};
use stepgate_decision::Gate;

use crate::counters::label;
use crate::host::{Host, Level};
use crate::lines;

/// The gauges that one configuration has raised.
#[derive(Debug, Default)]
pub(crate) struct Gauges(Vec<u32>);

impl Gauges {
    /// Says what is in force from now on: a gate, or that there is none.
    pub(crate) fn raise(host: &dyn Host, gate: Option<&Gate>) -> Self {
        let mut raised = Vec::new();
        for name in names(gate) {
            match host.gauge(&name) {
                Ok(gauge) => {
                    host.add(gauge, 1);
                    raised.push(gauge);
                }
                // A gate decides as well without being seen.
                Err(why) => host.log(Level::Error, &lines::trouble("a gauge could not be made", why)),
            }
        }
        Self(raised)
    }

    /// Says that it is not in force any more.
    pub(crate) fn lower(&self, host: &dyn Host) {
        for gauge in &self.0 {
            host.add(*gauge, -1);
        }
    }
}

fn names(gate: Option<&Gate>) -> Vec<String> {
    let version = label("version", env!("CARGO_PKG_VERSION"));
    let Some(gate) = gate else { return vec![format!("{version}stepgate_no_config")] };
    let config = gate.config();
    let workflows = config.workflows.iter().map(|workflow| of_workflow(workflow, config.mode, &version));
    let held = config.keys.iter().filter(|key| gate.keys().find(key.workflow.as_str(), key.kid.as_str()).is_some());
    workflows.chain(held.map(of_key)).collect()
}

fn of_workflow(workflow: &Workflow, mode: Mode, version: &str) -> String {
    let mode = match workflow.mode.map_or(mode, |own| own.max(mode)) {
        Mode::Enforce => "enforce",
        Mode::Observe => "observe",
    };
    let (name, revision) =
        (label("workflow", workflow.name.as_str()), label("revision", &workflow.revision.to_string()));
    let (digest, mode) = (label("digest", workflow.digest.as_str()), label("mode", mode));
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
