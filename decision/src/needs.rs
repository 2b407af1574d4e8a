//! The facts that a gate may look at. A proxy is asked only for these: each question has its price, on every request.
//!
//! This is a rule about the configuration, never about what a peer says, but for one: randomness is for a request without a
//! step. If the rule were wrong, the decision would miss a fact, and deny.

use stepgate_config::gate::{Carrier, Direction, GateConfig};
use stepgate_config::workflow::RequestPattern;

use crate::facts::Header;

/// The facts that a gate may look at, beside the peer, the headers and the time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needs {
    /// The direction of the listener.
    pub listener: bool,
    /// The URI of the gate's own certificate.
    pub own: bool,
    /// The workload's port.
    pub port: bool,
    /// The cluster that the proxy has chosen.
    pub cluster: bool,
    randomness: Randomness,
}

/// When a decision draws randomness.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Randomness {
    /// All tokens of all workflows have names that derive from others.
    Never,
    /// For the name of a new instance: where no step comes in this header.
    Without(String),
    /// Also for the name of a child, where a transition has several uses.
    Always,
}

impl Needs {
    pub(crate) fn of(config: &GateConfig) -> Self {
        let tasks = config.workflows.iter().flat_map(|workflow| workflow.tasks.values());
        let patterns = tasks.flat_map(|task| RequestPattern::listed(&task.requests));
        let exempt = config.exempt.iter().map(|exemption| &exemption.request);
        Self {
            listener: config.direction == Direction::Auto,
            own: config.own.is_none(),
            port: patterns.chain(exempt).any(|pattern| pattern.port.is_some()),
            cluster: config.direction != Direction::Inbound && config.own.is_some(),
            randomness: Randomness::of(config),
        }
    }

    /// Whether the decision on a request with these headers may draw randomness.
    pub fn randomness(&self, headers: &[Header]) -> bool {
        match &self.randomness {
            Randomness::Never => false,
            Randomness::Without(header) => !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(header)),
            Randomness::Always => true,
        }
    }
}

impl Randomness {
    fn of(config: &GateConfig) -> Self {
        let mut signed = config.workflows.iter().filter(|workflow| workflow.assurance.has_tokens()).peekable();
        if signed.peek().is_none() {
            return Self::Never;
        }
        let several = signed.flat_map(|workflow| &workflow.transitions).any(|transition| transition.uses != 1);
        match config.carrier {
            Carrier::Header if !several => Self::Without(config.header.clone()),
            Carrier::Header | Carrier::Baggage => Self::Always,
        }
    }
}
