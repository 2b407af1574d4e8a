//! The time that the gate adds to the start of an Envoy, which compiles the whole module before it serves.

use std::path::Path;
use std::time::Instant;

use stepgate_mesh::{Mesh, MeshSpec, Plugin, Workload};

use super::effort::Effort;
use super::empty::EmptyFilter;
use super::process::memory;
use super::rounds::in_turns;
use super::rows::{Row, Spread, rows};
use super::scene::{CALLED, Further, Level};
use crate::environment::Environment;
use crate::module_size::Sizes;

/// One Envoy of one workload, without a filter, with an empty one and with gates: the time until it serves, and its
/// memory then.
pub(super) fn starts(effort: &Effort, module: &Path, keys: &Environment) -> Result<Vec<Row>, String> {
    let empty = EmptyFilter::write()?;
    let plugin =
        |module: &Path, configuration| Plugin { module: module.into(), configuration, environment: keys.0.clone() };
    let gate = |further| Some(plugin(module, Level::Hs256.configuration(further)));
    let variants = [
        ("no filter", None),
        ("an empty Wasm filter", Some(plugin(empty.path(), String::new()))),
        (Level::Hs256.label(), gate(Further::NONE)),
        ("gate, 10,000 transitions", gate(Further::LARGE)),
    ];
    let once = |at: usize| start(variants.get(at).and_then(|(_, plugin)| plugin.clone()));
    let [time, memory] = in_turns(effort.starts, variants.len(), once)?;
    let labels = variants.each_ref().map(|(label, _)| *label);
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

/// The module as a file, and its code and data, which a proxy compiles and copies.
pub(super) fn module_sizes(module: &Path) -> Result<Vec<Row>, String> {
    let bytes = std::fs::read(module).map_err(|error| format!("{}: {error}", module.display()))?;
    let sizes = Sizes::of(&bytes)?;
    let row = |label: &str, bytes: usize| -> Result<Row, String> {
        let kilobytes = u32::try_from(bytes.div_euclid(1_000)).map_err(|_| "a module of terabytes")?;
        let value = Spread::of([f64::from(kilobytes) / 1_000.0]);
        Ok(Row { group: "the module", label: label.to_owned(), unit: "MB", value, ratio: None, added: None })
    };
    Ok(vec![row("stepgate_filter.wasm", bytes.len())?, row("its code", sizes.code)?, row("its data", sizes.data)?])
}
