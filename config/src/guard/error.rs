//! The bounds of guards, and the errors of a guard.

use std::ops::Range;

use crate::PEOPLE;
use crate::code::Code;

/// Longest guard, in bytes.
pub const MAX_SOURCE: usize = 4_096;
/// Most nodes of a guard's syntax tree.
pub const MAX_NODES: usize = 512;
/// Longest regular expression in a guard, in bytes.
pub const MAX_REGEX: usize = 256;
/// Largest size of a regular expression: states, ranges and branches of its program.
pub const MAX_PATTERN_SIZE: usize = 4_096;
/// Most steps that a guard may take on its longest texts. One step is one state of a pattern at one byte, or one byte of
/// a text that is compared, searched, joined or converted.
pub const MAX_STEPS: usize = 1_000_000;
/// Longest header, path or query that a guard reads, in bytes.
pub const MAX_TEXT: usize = 4_096;
/// Longest host that a guard reads, in bytes.
pub const MAX_HOST: usize = 255;
/// Longest SPIFFE ID (SPIFFE-ID, section 2.3), in bytes. The names of instances are shorter.
pub(super) const MAX_ID: usize = 2_048;
/// Longest method that a guard reads, in bytes.
pub const MAX_METHOD: usize = 32;
/// Deepest nesting of brackets, and also the largest number of conditional operators.
pub const MAX_NESTING: usize = 8;
/// Longest chain of operators, selections and calls that depend on each other, brackets included.
pub const MAX_CHAIN: usize = 64;

/// One error of a guard, as a diagnostic whose place is relative to the guard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GuardError {
    pub(crate) code: Code,
    /// The place in the guard, in bytes; none: the whole guard.
    pub(crate) at: Option<Range<usize>>,
    pub(crate) message: String,
    pub(crate) label: String,
    pub(crate) help: Option<String>,
}

impl GuardError {
    pub(super) fn new(code: Code, at: &Range<usize>, message: impl Into<String>) -> Self {
        Self { at: Some(at.clone()), ..Self::of_whole(code, message) }
    }

    /// An error of the guard as a whole.
    pub(super) fn of_whole(code: Code, message: impl Into<String>) -> Self {
        let message = if PEOPLE { message.into() } else { String::new() };
        Self { code, at: None, message, label: String::new(), help: None }
    }

    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        if PEOPLE {
            self.label = label.into();
        }
        self
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        if PEOPLE {
            self.help = Some(help.into());
        }
        self
    }
}
