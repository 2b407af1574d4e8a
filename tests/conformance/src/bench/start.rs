//! The time that the gate adds to the start of an Envoy, which compiles the whole module before it serves.

use std::path::Path;
use std::time::Instant;

use stepgate_mesh::{Mesh, MeshSpec, Plugin, Workload};

use super::effort::Effort;
use super::process::memory;
use super::rounds::in_turns;
use super::rows::{Row, Spread, rows};
use super::scene::{CALLED, Level};
use crate::environment::Environment;

/// One Envoy of one workload, without a filter and with the gate: the time until it serves, and its
/// memory then.
pub(super) fn starts(effort: &Effort, module: &Path, keys: &Environment) -> Result<Vec<Row>, String> {
    let gate =
        Plugin { module: module.into(), configuration: Level::Hs256.configuration(0), environment: keys.0.clone() };
    let plugins = [None, Some(gate)];
    let [time, memory] = in_turns(effort.starts, plugins.len(), |at| start(plugins.get(at).cloned().flatten()))?;
    let labels = ["no filter", Level::Hs256.label()];
    let mut all = rows("an Envoy starts: until it serves", "s", &labels, &time);
    all.extend(rows("an Envoy starts: its memory then", "MiB", &labels, &memory));
    Ok(all)
}

fn start(plugin: Option<Plugin>) -> Result<[f64; 2], String> {
    let mut workload = Workload::new("site", CALLED);
    workload.egress = None;
    workload.inbound.plugin = plugin;
    let begun = Instant::now();
    let mesh = Mesh::start(MeshSpec::new(vec![workload])).map_err(|error| error.to_string())?;
    let taken = begun.elapsed().as_secs_f64();
    let process = *mesh.process_ids().first().ok_or("no Envoy")?;
    Ok([taken, memory(process)?])
}

/// The module as a file.
pub(super) fn module_size(module: &Path) -> Result<Row, String> {
    let file = std::fs::metadata(module).map_err(|error| format!("{}: {error}", module.display()))?;
    let kilobytes = u32::try_from(file.len() / 1024).map_err(|_| "a module of terabytes")?;
    let value = Spread::of([f64::from(kilobytes) / 1024.0]);
    let label = "stepgate_filter.wasm".to_owned();
    Ok(Row { group: "the module", label, unit: "MiB", value, ratio: None, added: None })
}
