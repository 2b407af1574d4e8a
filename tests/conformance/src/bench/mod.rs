//! The cost of the gate. No timing here is a test: every figure is reported with a baseline that was
//! measured in the same run, in turns with it, and is the median of many such turns.

mod client;
mod decision;
mod effort;
mod figure;
mod goals;
mod kinds;
mod native_filters;
mod picture;
pub mod process;
mod report;
mod requests;
mod rounds;
mod rows;
mod scene;
mod setup;
mod shape;
mod start;
mod streams;
mod workflow;

use std::path::Path;

use crate::corpus::Corpus;
use setup::Parts;

pub use effort::Effort;
pub use goals::Goal;
pub use kinds::{Kind, configurations, kinds};
pub use report::Report;
pub use rows::{Row, Spread};

/// Measures everything with this module; `empty` is one that does nothing.
///
/// # Errors
/// If a measurement fails: a request that is not permitted is an error, not a figure.
pub fn measure(effort: &Effort, module: &Path, empty: &Path) -> Result<Report, String> {
    let keys = Corpus::read()?.environment;
    let parts = Parts { module, empty, keys: &keys };
    let (envoy, before) = (process::envoy_version()?, process::load());
    let date = i64::try_from(scene::now().seconds()).ok().and_then(|now| chrono::DateTime::from_timestamp(now, 0));
    // The first figure comes first.
    let mut rows = requests::through_envoy(effort, &parts)?;
    rows.extend(start::starts(effort, &parts)?);
    rows.extend(start::module_sizes(&parts)?);
    rows.extend(decision::permits(effort, &keys)?);
    rows.extend(decision::readings(effort, &keys)?);
    let date = date.map(|date| date.format("%Y-%m-%d %H:%M UTC").to_string()).ok_or("no date")?;
    Ok(Report { rows, date, envoy, load: [before, process::load()] })
}
