//! Guards: conditions in CEL, bounded when they are read.

use std::fmt;
use std::sync::Arc;

/// A guard that has been parsed and found within bounds: no comprehension, at most
/// [`MAX_NODES`] nodes, regular expressions literal and at most [`MAX_REGEX`] bytes, only the
/// variables of the language. What it costs is therefore bounded by what it says.
#[derive(Clone)]
pub struct Guard {
    source: Arc<str>,
    program: Arc<cel::Program>,
}

/// Most nodes of a guard's syntax tree.
pub const MAX_NODES: usize = 512;
/// Longest regular expression in a guard, in bytes.
pub const MAX_REGEX: usize = 256;

impl Guard {
    /// The guard as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The parsed program, to run with `now`, `request`, `peer`, `instance` and `task` in its context.
    pub fn program(&self) -> &cel::Program {
        &self.program
    }
}

impl PartialEq for Guard {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Guard({:?})", self.source)
    }
}
