//! What the answer to a request should be, as the reference reads the document.

use stepgate_reference::{Denied, Permitted};

/// What the answer should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expected {
    /// The request is this transition.
    Permit(String),
    /// It belongs to no workflow, and reaches the application without a step.
    Exempt,
    /// It is denied.
    Deny(Denied),
}

impl Expected {
    /// The code of a denial.
    pub(super) fn code(&self) -> Option<&'static str> {
        match self {
            Self::Permit(_) | Self::Exempt => None,
            Self::Deny(denied) => Some(denied.code()),
        }
    }

    /// In words: what the document says.
    pub(super) fn said(&self) -> String {
        match self {
            Self::Permit(transition) => format!("`{transition}`"),
            Self::Exempt => "exempt, without a step".to_owned(),
            Self::Deny(_) => "no transition".to_owned(),
        }
    }
}

impl From<&Result<Permitted, Denied>> for Expected {
    fn from(decided: &Result<Permitted, Denied>) -> Self {
        match decided {
            Ok(Permitted::Transition(arrived)) => Self::Permit(arrived.transition.to_string()),
            Ok(Permitted::Exempt) => Self::Exempt,
            Err(denied) => Self::Deny(*denied),
        }
    }
}
