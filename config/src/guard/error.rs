//! Why a text is not a guard, and the bounds of guards.

use std::ops::Range;

use crate::code::Code;

/// Longest guard, in bytes.
pub const MAX_SOURCE: usize = 4_096;
/// Most nodes of a guard's syntax tree.
pub const MAX_NODES: usize = 512;
/// Longest regular expression in a guard, in bytes.
pub const MAX_REGEX: usize = 256;
/// Largest compiled regular expression, in bytes.
pub const MAX_REGEX_PROGRAM: usize = 256 << 10;
/// Deepest nesting of brackets, and most conditional operators.
pub const MAX_NESTING: usize = 8;
/// Longest chain of operators, selections and calls that depend on one another, brackets included.
pub const MAX_CHAIN: usize = 64;

/// Why a text is not a guard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GuardError {
    pub(crate) code: Code,
    /// Where in the guard, in bytes; none: all of it.
    pub(crate) at: Option<Range<usize>>,
    pub(crate) message: String,
    pub(crate) label: String,
    pub(crate) help: Option<String>,
}

impl GuardError {
    pub(super) fn new(code: Code, at: Option<Range<usize>>, message: impl Into<String>) -> Self {
        Self { code, at, message: message.into(), label: String::new(), help: None }
    }

    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
