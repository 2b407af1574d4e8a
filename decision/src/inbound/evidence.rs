//! The evidence for the step that an instance has reached.

use super::start::leaves_start;
use crate::token::{Claims, VerifiedToken};

/// The evidence for a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// Level `identity`: a plain step, or a start.
    Plain,
    /// A start at level `signed`: the new instance.
    Start { txn: String },
    /// Verified tokens; more than one only at a join, or of several tasks. Never empty.
    Tokens(Vec<VerifiedToken>),
    /// At level `once`, between the gates of both sides: the caller's gate has decided. A caller by `via` also shows the
    /// receipts that the departure was made from, since its gate proves nothing of the tasks of others.
    Departure { departure: Box<VerifiedToken>, receipts: Vec<VerifiedToken> },
}

impl Evidence {
    pub(crate) fn instance(&self) -> Option<&str> {
        match self {
            Self::Plain => None,
            Self::Start { txn } => Some(txn),
            Self::Tokens(tokens) => tokens.first().map(|token| token.claims.txn.as_str()),
            Self::Departure { departure, .. } => Some(&departure.claims.txn),
        }
    }

    /// Whether this is a start, or the token of one: each of its transitions takes room as a start does.
    pub(super) fn begins(&self) -> bool {
        match self {
            Self::Plain => false,
            Self::Start { .. } => true,
            Self::Tokens(tokens) => tokens.iter().any(|token| token.claims.parents.is_empty()),
            Self::Departure { departure, .. } => leaves_start(&departure.claims),
        }
    }

    /// The arrivals or receipts.
    pub(crate) fn tokens(&self) -> &[VerifiedToken] {
        match self {
            Self::Plain | Self::Start { .. } => &[],
            Self::Tokens(tokens) | Self::Departure { receipts: tokens, .. } => tokens,
        }
    }

    pub(crate) fn departure(&self) -> Option<&Claims> {
        match self {
            Self::Departure { departure, .. } => Some(&departure.claims),
            Self::Plain | Self::Start { .. } | Self::Tokens(_) => None,
        }
    }

    /// The departure of which no other token proves anything.
    pub(super) fn lone_departure(&self) -> Option<&Claims> {
        self.departure().filter(|_| self.tokens().is_empty())
    }
}
