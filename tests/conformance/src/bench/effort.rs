//! The size of a measurement.

/// The size of a measurement. A figure is the median of rounds; each round measures every variant once.
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
    /// To check that all of it runs.
    pub const SMOKE: Self = Self { request_rounds: 1, requests: 5, starts: 1, native_rounds: 1, decisions: 2 };
}
