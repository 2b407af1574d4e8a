//! The events of a run, as an observer who sees all gates knows them. Gates know only what tokens say.

use std::sync::Arc;

use crate::interner::Interner;

/// A workload, by its place in the list of the shape's workloads.
pub type Workload = u8;
/// An arrival, by its number.
pub type ArrivalId = u16;
/// A token, by its number.
pub type TokenId = u16;

/// A gate let a request in as a task; or an initiator began.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Arrival {
    /// Its name. Two arrivals have one name if a request was let in at two replicas: they are twins.
    pub name: String,
    /// The task.
    pub task: String,
    /// The workload that performs it.
    pub performer: Workload,
    /// The arrivals whose tokens the request presented; none: the initiator began.
    pub parents: Vec<ArrivalId>,
    /// The instance.
    pub instance: String,
    /// The true time.
    pub time: u8,
    /// Whether only a gate that lies says so.
    pub claimed: bool,
}

/// The two kinds of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// For the performer.
    Arrival,
    /// For the caller, once the performer has answered.
    Receipt,
}

/// A token, and what it is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Token {
    /// The text.
    pub text: String,
    /// The arrival of which it tells.
    pub arrival: ArrivalId,
    /// The kind.
    pub kind: Kind,
    /// The workload that it was given to.
    pub holder: Workload,
}

/// All arrivals and tokens of all runs.
#[derive(Debug, Default)]
pub struct History {
    /// The arrivals.
    pub arrivals: Interner<Arrival>,
    /// The tokens.
    pub tokens: Interner<Token>,
}

impl History {
    /// The arrival of which a token tells.
    pub fn arrival_of(&self, token: TokenId) -> Arc<Arrival> {
        self.arrivals.value(self.tokens.value(token).arrival)
    }
}
