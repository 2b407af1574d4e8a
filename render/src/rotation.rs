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

    /// `of` is empty, or names the owner of the keys: ` of` somebody.
    ///
    /// # Errors
    /// This is not the next step.
    pub(crate) fn require(self, next: Self, of: impl FnOnce() -> String) -> Result<(), RenderError> {
        let order = || RenderError::RotationOrder { of: of(), step: self.name(), next: next.name() };
        (self == next).then_some(()).ok_or_else(order)
    }
}
