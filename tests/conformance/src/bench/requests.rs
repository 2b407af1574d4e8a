//! Requests through the inbound listener of a real Envoy: the time that a filter there adds to each.

use stepgate_mesh::{Envoys, Mesh, MeshSpec};

use super::client::Caller;
use super::effort::Effort;
use super::rounds::{in_turns, progress};
use super::rows::{Label, Row, rows};
use super::setup::{Parts, Setup};
use super::shape::Shape;
use super::streams;
use super::workflow::CALLER;

/// Requests in a batch that fills a replay record.
const FILLING: usize = 2_000;

/// The rows of processor time, of latency, and of messages on a stream.
///
/// All listeners are in one Envoy with one worker, so that they share everything but the filter.
pub(super) fn through_envoy(effort: &Effort, parts: &Parts<'_>) -> Result<Vec<Row>, String> {
    let mut setups = Setup::all(parts)?;
    let mut spec = MeshSpec::new(setups.iter().map(Setup::workload).collect());
    spec.envoys = Envoys::OneForAll;
    eprintln!("bench: an Envoy starts with {} listeners", setups.len());
    let mesh = Mesh::start(spec).map_err(|error| error.to_string())?;
    let credential = mesh.authority().issue(&[CALLER]).map_err(|error| error.to_string())?;
    let caller = Caller::new(&mesh, &credential)?;
    for setup in setups.iter_mut().filter(|setup| setup.filled) {
        fill(&caller, setup, effort.entries)?;
    }
    let mut all = measured(effort.request_rounds, effort, &caller, Shape::FIRST, &mut setups)?;
    let mut main: Vec<Setup> = setups.into_iter().filter(|setup| setup.is_main).collect();
    for shape in Shape::FURTHER {
        all.extend(measured(effort.further_rounds, effort, &caller, shape, &mut main)?);
    }
    // The first figure comes first.
    all.sort_by_key(|row| !row.group.starts_with(CPU));
    all.extend(streams::through_envoy(effort, &mesh, &credential, &mut main)?);
    Ok(all)
}

fn measured(
    rounds: usize,
    effort: &Effort,
    caller: &Caller<'_>,
    shape: Shape,
    setups: &mut [Setup],
) -> Result<Vec<Row>, String> {
    let labels: Vec<Label> = setups.iter().map(|setup| Label { text: setup.label, native: setup.native }).collect();
    let [cpu, latency] = in_turns(&format!("requests, {}", shape.words()), rounds, setups.len(), |at| {
        caller.batch(setups.get_mut(at).ok_or("no such set-up")?, shape, effort.requests)
    })?;
    let mut all = rows(&cpu_group(shape), "µs", &labels, &cpu);
    all.extend(rows(&format!("a request: latency; {}", shape.words()), "µs", &labels, &latency));
    Ok(all)
}

fn fill(caller: &Caller<'_>, setup: &mut Setup, entries: usize) -> Result<(), String> {
    let batches = entries.div_ceil(FILLING);
    let bar = progress("a replay record is filled", batches);
    for _ in 0..batches {
        caller.batch(setup, Shape::FIRST, entries.min(FILLING))?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}

/// The first figure.
pub(super) const CPU: &str = "a request: processor time of Envoy";

/// The group of processor times over these connections.
pub(super) fn cpu_group(shape: Shape) -> String {
    format!("{CPU}; {}", shape.words())
}
