//! The cost of the gate. No timing here is a test: every figure is reported with a baseline that was
//! measured in the same run, in turns with it, and is the median of many such turns.

mod decision;
mod effort;
mod empty;
mod native;
pub mod process;
mod report;
mod requests;
mod rounds;
mod rows;
mod scene;
mod start;
mod streams;
mod variant;

use std::path::Path;

use crate::corpus::Corpus;

pub use effort::Effort;
pub use report::Report;
pub use rows::{Row, Spread};

/// Measures everything with this module.
///
/// # Errors
/// If a measurement fails: a request that is not permitted is an error, not a figure.
pub fn measure(effort: &Effort, module: &Path) -> Result<Report, String> {
    let keys = Corpus::read()?.environment;
    let before = process::load();
    let mut rows = start::module_sizes(module)?;
    eprintln!("bench: the decision");
    rows.extend(decision::permits(effort, &keys)?);
    rows.extend(decision::configurations(effort, &keys)?);
    eprintln!("bench: requests through Envoy");
    rows.extend(requests::through_envoy(effort, module, &keys)?);
    eprintln!("bench: starts of Envoy");
    rows.extend(start::starts(effort, module, &keys)?);
    Ok(Report { rows, load: [before, process::load()] })
}
