//! What an attack is.

use stepgate_config::workflow::Assurance;

use crate::attack_context::{AttackContext, Requests};

/// Which levels claim to stop an attack (SECURITY.md, "What each level stops").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// Both.
    Always,
    /// `signed`.
    Signed,
    /// Neither: what gets through is shown as such.
    Never,
    /// It is not an attack: everything is honest, to show that the others fail for their own reason.
    Honest,
}

impl Stopped {
    /// Whether a level claims to stop it.
    pub(crate) fn at(self, level: Assurance) -> bool {
        match self {
            Self::Always => true,
            Self::Signed => level.has_tokens(),
            Self::Never | Self::Honest => false,
        }
    }
}

/// The name of an attack, and what it tries.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) name: &'static str,
    pub(crate) tries: &'static str,
    pub(crate) stopped: Stopped,
}

/// An attack on one transition.
pub(crate) struct Attack {
    pub(crate) label: Label,
    /// Whether there is anything to try in this context.
    pub(crate) applies: fn(&AttackContext<'_>) -> bool,
    /// The requests in order; the last one is the attack, those before it lead up to it.
    pub(crate) requests: fn(&AttackContext<'_>) -> Requests,
}

/// An attack, for the lists in this folder.
pub(crate) const fn attack(
    name: &'static str,
    tries: &'static str,
    stopped: Stopped,
    applies: fn(&AttackContext<'_>) -> bool,
    requests: fn(&AttackContext<'_>) -> Requests,
) -> Attack {
    Attack { label: Label { name, tries, stopped }, applies, requests }
}
