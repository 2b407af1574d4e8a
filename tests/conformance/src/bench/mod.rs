//! What the gate costs. Nothing here is a timed test: every figure stands beside a baseline that was
//! measured in the same run, in turns with it, and is the median of many such turns.

mod decision;
mod empty;
pub mod process;
mod report;
mod requests;
mod rounds;
mod rows;
mod scene;
mod start;
mod streams;

use std::path::Path;

use crate::corpus::Corpus;

pub use report::Report;
pub use rows::{Row, Spread};

/// How much is measured. A figure is the median of rounds; each round measures every variant once.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// Rounds of requests through Envoy.
    pub request_rounds: usize,
    /// Requests of each variant in such a round.
    pub requests: usize,
    /// Starts of each kind of Envoy.
    pub starts: usize,
    /// Rounds of native decisions and of configurations read.
    pub native_rounds: usize,
    /// Decisions of each variant in such a round.
    pub decisions: usize,
}

impl Effort {
    /// For figures: about a minute on two cores.
    pub const FULL: Self = Self { request_rounds: 100, requests: 100, starts: 5, native_rounds: 100, decisions: 100 };
    /// To see that all of it runs.
    pub const SMOKE: Self = Self { request_rounds: 1, requests: 5, starts: 1, native_rounds: 1, decisions: 2 };
}

/// Measures everything with this module.
///
/// # Errors
/// In words; what is not permitted is an error, not a figure.
pub fn measure(effort: &Effort, module: &Path) -> Result<Report, String> {
    let keys = Corpus::read()?.environment;
    let before = process::load();
    let mut rows = vec![start::module_size(module)?];
    eprintln!("bench: the decision");
    rows.extend(decision::permits(effort, &keys)?);
    rows.extend(decision::configurations(effort, &keys)?);
    eprintln!("bench: requests through Envoy");
    rows.extend(requests::through_envoy(effort, module, &keys)?);
    eprintln!("bench: starts of Envoy");
    rows.extend(start::starts(effort, module, &keys)?);
    Ok(Report { rows, load: [before, process::load()] })
}
