//! The steps of a rotation of keys. Between two of them every process that uses the keys must have the last.

use crate::error::RenderError;

/// A step of a rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum RotationStep {
    /// Generate the next keys: they are accepted, and not used yet.
    Preload,
    /// Use the next keys; the previous ones are still accepted.
    Switch,
    /// Remove the previous keys.
    Retire,
}

impl RotationStep {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Preload => "preload",
            Self::Switch => "switch",
            Self::Retire => "retire",
        }
    }

    /// # Errors
    /// This is not the next step.
    pub(crate) fn require(self, next: Self) -> Result<(), RenderError> {
        if self == next { Ok(()) } else { Err(RenderError::RotationOrder { step: self.name(), next: next.name() }) }
    }
}
