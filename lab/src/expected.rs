//! What the answer to a request should be, as the reference reads the document.

use stepgate_reference::{Denied, Permitted};

use super::attempt::{Answer, Attempt};

/// What the answer should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expected {
    /// The request is this transition.
    Permit {
        transition: String,
        /// Whether the caller gets a start token.
        start: bool,
        /// Whether the caller gets a receipt.
        receipt: bool,
    },
    /// It belongs to no workflow, and reaches the application without a step.
    Exempt,
    /// It is denied.
    Deny(Denied),
}

impl Expected {
    /// The code of a denial.
    pub(super) fn code(&self) -> Option<&'static str> {
        match self {
            Self::Permit { .. } | Self::Exempt => None,
            Self::Deny(denied) => Some(denied.code()),
        }
    }

    /// Whether this is the right answer to the request. A gate that lets a transition through hands on a step of its own,
    /// never one that was shown, and answers with exactly the tokens with which the caller goes on.
    pub(super) fn is(&self, answer: &Answer, attempt: &Attempt) -> bool {
        let Answer { reached, code, step, start, receipt, .. } = answer;
        let through = *reached && code.is_none();
        // A plain step may lead back to itself.
        let own = |step: &String| !step.contains('.') || !attempt.steps.iter().any(|shown| shown.text() == step);
        match self {
            Self::Permit { start: begins, receipt: receives, .. } => {
                through
                    && step.as_ref().is_some_and(own)
                    && (start.is_some(), receipt.is_some()) == (*begins, *receives)
            }
            Self::Exempt => through && step.is_none(),
            Self::Deny(denied) => !reached && code.as_deref() == Some(denied.code()),
        }
    }

    /// In words: what the document says.
    pub(super) fn said(&self) -> String {
        match self {
            Self::Permit { transition, .. } => format!("`{transition}`"),
            Self::Exempt => "exempt, without a step".to_owned(),
            Self::Deny(_) => "no transition".to_owned(),
        }
    }
}

impl From<&Result<Permitted, Denied>> for Expected {
    fn from(decided: &Result<Permitted, Denied>) -> Self {
        match decided {
            Ok(Permitted::Transition(arrived)) => Self::Permit {
                transition: arrived.transition.to_string(),
                start: arrived.start.is_some(),
                receipt: arrived.receipt,
            },
            Ok(Permitted::Exempt) => Self::Exempt,
            Err(denied) => Self::Deny(*denied),
        }
    }
}
