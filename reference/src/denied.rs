//! The code of a denial.

/// Why a request is refused: one of the codes of `docs/denials.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Denied(pub(crate) &'static str);

impl Denied {
    /// The code, such as `WRONG_HOLDER`.
    pub fn code(&self) -> &'static str {
        self.0
    }
}

/// A denial with this code.
pub(crate) fn deny<T>(code: &'static str) -> Result<T, Denied> {
    Err(Denied(code))
}

/// A denial with this code, unless the condition holds.
pub(crate) fn require(condition: bool, code: &'static str) -> Result<(), Denied> {
    if condition { Ok(()) } else { deny(code) }
}
