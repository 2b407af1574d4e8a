//! What the lab tries: each attack a name, a sentence, where it applies, and the requests that it sends. In all but
//! one thing each request is right, so that this one thing decides.

mod bound;
mod changed;
mod claim;
mod document;
mod duty;
mod exempt;
mod join;
mod kind;
mod list;
mod nothing;
mod order;
mod path;
mod replay;
mod request;
mod signature;
mod spliced;
mod theft;
mod time;
mod truncated;

use stepgate_config::workflow::Assurance;

use super::LabError;
use super::scene::{Move, Scene};

/// Which levels claim to stop an attack (SECURITY.md, "What each level stops").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stopped {
    /// Both.
    Always,
    /// `signed`.
    Signed,
    /// Neither: what gets through is shown as such.
    Never,
    /// It is no attack: everything is right, to show that the rest fails for its own reason.
    Rightful,
}

impl Stopped {
    /// Whether a level claims to stop it.
    pub(super) fn at(self, level: Assurance) -> bool {
        match self {
            Self::Always => true,
            Self::Signed => level == Assurance::Signed,
            Self::Never | Self::Rightful => false,
        }
    }
}

/// What an attack is called, and what it tries.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) name: &'static str,
    pub(super) tries: &'static str,
    pub(super) stopped: Stopped,
}

/// An attack on one transition.
pub(super) struct Attack {
    pub(super) label: Label,
    /// Whether there is anything to try in this scene.
    pub(super) applies: fn(&Scene<'_>) -> bool,
    /// The requests in order; the last one is the attack, those before it lead up to it.
    pub(super) moves: fn(&Scene<'_>) -> Result<Vec<Move>, LabError>,
}

/// An attack as it stands in a file of these.
const fn attack(
    name: &'static str,
    tries: &'static str,
    stopped: Stopped,
    applies: fn(&Scene<'_>) -> bool,
    moves: fn(&Scene<'_>) -> Result<Vec<Move>, LabError>,
) -> Attack {
    Attack { label: Label { name, tries, stopped }, applies, moves }
}

/// All attacks, in the order in which they are told of.
pub(super) fn all() -> impl Iterator<Item = &'static Attack> {
    [
        nothing::ALL,
        order::ALL,
        claim::ALL,
        theft::ALL,
        signature::ALL,
        changed::ALL,
        truncated::ALL,
        spliced::ALL,
        kind::ALL,
        time::ALL,
        document::ALL,
        list::ALL,
        join::ALL,
        bound::ALL,
        duty::ALL,
        replay::ALL,
        request::ALL,
        path::ALL,
        exempt::ALL,
    ]
    .into_iter()
    .flatten()
}
