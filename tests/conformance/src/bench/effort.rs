//! The size of a measurement.

/// The size of a measurement. A figure is the median of rounds; each round measures every set-up once.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// Rounds of requests through Envoy over eight connections of HTTP/1.1.
    pub request_rounds: usize,
    /// The same over each other kind of connections.
    pub further_rounds: usize,
    /// Requests of each set-up in such a round.
    pub requests: usize,
    /// Entries that a fuller replay record has before.
    pub entries: usize,
    /// Rounds of messages on an open stream.
    pub stream_rounds: usize,
    /// Starts of each kind of Envoy,
    pub starts: usize,
    /// of all set-ups, not only of the main ones.
    pub all_start: bool,
    /// Rounds of native decisions.
    pub native_rounds: usize,
    /// Decisions of each set-up in such a round.
    pub decisions: usize,
    /// Rounds of configurations read.
    pub readings: usize,
}

impl Effort {
    /// For figures: about five minutes on two cores.
    pub const FULL: Self = Self {
        request_rounds: 30,
        further_rounds: 15,
        requests: 320,
        entries: 100_000,
        stream_rounds: 50,
        starts: 3,
        all_start: true,
        native_rounds: 100,
        decisions: 100,
        readings: 5,
    };
    /// To check that all of it runs.
    pub const SMOKE: Self = Self {
        request_rounds: 1,
        further_rounds: 1,
        requests: 5,
        entries: 20,
        stream_rounds: 1,
        starts: 1,
        all_start: false,
        native_rounds: 1,
        decisions: 2,
        readings: 1,
    };
}
