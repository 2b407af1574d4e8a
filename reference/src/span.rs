//! From when until when a transition is open.

use std::sync::Arc;

use stepgate_config::workflow::Transition;

use crate::arrival::{Arrival, seconds};

/// The seconds in which a transition is open, by the clock of the gate that lets it through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first one.
    pub first: u64,
    /// The last one.
    pub last: u64,
}

impl Span {
    /// With this evidence: of several arrivals the last one counts. Two clocks differ by the leeway at most, in seconds.
    pub fn of(transition: &Transition, evidence: &[Arc<Arrival>], leeway: u64) -> Self {
        let arrived = evidence.iter().fold(0, |latest, arrival| arrival.times.iat.max(latest));
        let since = |bound| arrived.saturating_add(seconds(bound)).saturating_add(leeway);
        Self { first: transition.after.map_or(0, since), last: transition.within.map_or(u64::MAX, since) }
    }
}
