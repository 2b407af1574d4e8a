//! The kinds of token.

/// The kinds of token, by `typ`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// For the performer of a task.
    Arrival,
    /// For a caller that carries a transition in the performer's place.
    Receipt,
}

impl Kind {
    pub(crate) fn typ(self) -> &'static str {
        match self {
            Self::Arrival => "wfa+jwt",
            Self::Receipt => "wfr+jwt",
        }
    }
}
