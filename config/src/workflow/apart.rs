//! How far apart twins are minted.

use std::time::Duration;

/// How far apart two gates may mint twins: tokens with one `jti`, of a step that its holder has presented to both. The gates'
/// clocks may differ, so it depends on their leeway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Apart {
    /// The lives of the tokens that may have been presented late, one after the other.
    pub lives: Duration,
    /// The number of these tokens.
    pub tokens: u32,
}

impl Apart {
    /// The longest time between the `iat` of two twins. Each token is accepted for a leeway after its end, and no gate mints
    /// one that is older than its instance by more than a leeway.
    pub fn between_gates(self, leeway: Duration) -> Duration {
        self.lives.saturating_add(leeway.saturating_mul(self.tokens.saturating_add(1)))
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self { lives: self.lives.saturating_add(other.lives), tokens: self.tokens.saturating_add(other.tokens) }
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        Self { lives: self.lives.saturating_sub(other.lives), tokens: self.tokens.saturating_sub(other.tokens) }
    }

    /// The longer time and the larger number, which may be those of different paths.
    pub(crate) fn max(self, other: Self) -> Self {
        Self { lives: self.lives.max(other.lives), tokens: self.tokens.max(other.tokens) }
    }
}
