//! When a transition may be taken: `after` and `within`, counted from the latest evidence.

use std::time::Duration;

use stepgate_config::workflow::Transition;

use crate::denial::Denial;
use crate::switch::{Check, on};
use crate::time::UnixTime;
use crate::token::Claims;

/// The seconds in which a transition is open, the first and the last included. The clock of the gate that issued the
/// evidence and this one may differ by the leeway: it opens so late, and closes so late, that the performer had the whole
/// time by either clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    /// The first second; none: it is open from the start.
    pub(super) opens: Option<UnixTime>,
    /// The last second; none: it is open for as long as the evidence lives.
    pub(super) closes: Option<UnixTime>,
}

impl Window {
    /// The window of this transition for this evidence. A start counts as evidence of this second.
    pub(super) fn of(transition: &Transition, evidence: &[&Claims], leeway: Duration) -> Self {
        let latest = evidence.iter().map(|claims| claims.iat).max();
        let counted = |while_: Option<Duration>| Some(latest?.plus(while_?).plus(leeway));
        Self { opens: counted(transition.after), closes: counted(transition.within) }
    }

    /// The window of a transition that is always open.
    pub(super) fn always() -> Self {
        Self { opens: None, closes: None }
    }

    /// Whether the transition is open now.
    pub(super) fn check(self, now: UnixTime) -> Result<(), Denial> {
        match self {
            Self { opens: Some(opens), .. } if now < opens && on(Check::TooEarly) => {
                Err(Denial::TooEarly { seconds: opens.seconds().saturating_sub(now.seconds()) })
            }
            Self { closes: Some(closes), .. } if now > closes && on(Check::TooLate) => {
                Err(Denial::TooLate { seconds: now.seconds().saturating_sub(closes.seconds()) })
            }
            Self { .. } => Ok(()),
        }
    }
}
