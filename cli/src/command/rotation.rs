//! The steps of a rotation, as an argument.

use clap::ValueEnum;
use stepgate_render::RotationStep;

/// `--rotate`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Rotate {
    /// Generate the next keys: they are accepted, and not used yet
    Preload,
    /// Use the next keys; the previous ones are still accepted
    Switch,
    /// Remove the previous keys
    Retire,
}

impl From<Rotate> for RotationStep {
    fn from(step: Rotate) -> Self {
        match step {
            Rotate::Preload => Self::Preload,
            Rotate::Switch => Self::Switch,
            Rotate::Retire => Self::Retire,
        }
    }
}
