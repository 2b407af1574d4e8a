//! The time that a filter adds to the start of an Envoy, which compiles the whole module before it serves.

use std::path::Path;
use std::time::Instant;

use stepgate_mesh::{Mesh, MeshSpec, Workload};

use super::effort::Effort;
use super::process::memory;
use super::rounds::in_turns;
use super::rows::{Label, Row, rows};
use super::setup::{Parts, Setup};
use super::workflow::{Further, Level};
use crate::module_size::Sizes;

/// The numbers of workers that are compared.
pub(super) const FEW: u32 = 1;
pub(super) const MANY: u32 = 4;

/// One Envoy of one workload for each set-up: the time until it serves, and its memory then.
pub(super) fn starts(effort: &Effort, parts: &Parts<'_>) -> Result<Vec<Row>, String> {
    let mut setups = Setup::all(parts)?;
    setups.retain(|setup| setup.is_main || setup.starts && effort.all_start);
    for (label, further) in
        [("gate, 100 transitions", Further::HUNDRED), ("gate, 1,000 transitions", Further::THOUSAND)]
    {
        setups.push(Setup::of(label, Level::Hs256, further, parts)?);
    }
    // Envoy's own filters add nothing to a start that could be a unit.
    let labels: Vec<Label> = setups.iter().map(|setup| setup.label.into()).collect();
    // With few workers and with many in turns too.
    let both: Vec<(u32, Workload)> =
        [FEW, MANY].iter().flat_map(|workers| setups.iter().map(|setup| (*workers, setup.workload()))).collect();
    let [time, memory] = in_turns("starts", effort.starts, both.len(), |at| {
        let (workers, workload) = both.get(at).ok_or("no such set-up")?;
        start(workload.clone(), *workers)
    })?;
    let mut all = Vec::new();
    for (name, unit, series) in [(READY, "s", time), (MEMORY, "MiB", memory)] {
        for (workers, series) in [FEW, MANY].iter().zip(series.chunks(labels.len())) {
            all.extend(rows(&group(name, *workers), unit, &labels, series));
        }
    }
    Ok(all)
}

fn start(workload: Workload, workers: u32) -> Result<[f64; 2], String> {
    let mut spec = MeshSpec::new(vec![workload]);
    spec.concurrency = workers;
    let begun = Instant::now();
    let mesh = Mesh::start(spec).map_err(|error| error.to_string())?;
    let taken = begun.elapsed().as_secs_f64();
    let process = *mesh.process_ids().first().ok_or("no Envoy")?;
    Ok([taken, memory(process)?])
}

/// Quantities of a start.
pub(super) const READY: &str = "an Envoy starts: until it serves";
pub(super) const MEMORY: &str = "an Envoy starts: its memory then";

/// The group of a quantity with this many workers.
pub(super) fn group(quantity: &str, workers: u32) -> String {
    format!("{quantity}; {workers} worker{}", if workers == 1 { "" } else { "s" })
}

/// The group of the module's sizes.
pub(super) const MODULE: &str = "the module";
pub(super) const CODE: &str = "its code";
pub(super) const DATA: &str = "its data";

/// The module as a file, and its code and data, which a proxy compiles and copies.
pub(super) fn module_sizes(parts: &Parts<'_>) -> Result<Vec<Row>, String> {
    let read = |path: &Path| std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
    let (module, empty) = (read(parts.module)?, read(parts.empty)?);
    let (sizes, of_empty) = (Sizes::of(&module)?, Sizes::of(&empty)?);
    let row = |(label, bytes): (&'static str, usize)| {
        let bytes = u32::try_from(bytes).map_err(|_| "a module of gigabytes")?;
        Ok(rows(MODULE, "MB", &[label.into()], &[vec![f64::from(bytes) / 1e6]]))
    };
    let all = [
        ("stepgate_filter.wasm", module.len()),
        (CODE, sizes.code),
        (DATA, sizes.data),
        ("the empty filter's code", of_empty.code),
        ("the empty filter's data", of_empty.data),
    ];
    all.into_iter().map(row).collect::<Result<Vec<_>, String>>().map(|rows| rows.concat())
}
