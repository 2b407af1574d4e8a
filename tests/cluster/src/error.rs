//! What went wrong in the test bed, with the last words of whoever it was.

use std::fmt;

/// Lines of a log that an error shows.
const TAIL: usize = 25;

/// A text for people: what was wanted, what came instead.
pub struct Error(String);

/// Of this error.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error that says this.
    pub fn new(what: impl fmt::Display) -> Self {
        Self(what.to_string())
    }

    /// The same, below what was being done.
    #[must_use]
    pub fn while_doing(self, what: impl fmt::Display) -> Self {
        Self(format!("{what}: {}", self.0))
    }

    /// The same, with the end of a log.
    #[must_use]
    pub fn with_log(self, name: &str, log: &str) -> Self {
        let lines: Vec<&str> = log.lines().collect();
        let tail = lines.get(lines.len().saturating_sub(TAIL)..).unwrap_or_default().join("\n    ");
        Self(format!("{}\n  the end of the log of {name}:\n    {tail}", self.0))
    }
}

// As `fn main` shows it, and `unwrap`.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// `Error` itself is no `std::error::Error`, so that all that are become one by `?`.
impl<E: std::error::Error> From<E> for Error {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}
