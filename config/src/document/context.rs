//! The state that all readers of one input share.

use std::time::Duration;

use crate::report::Report;

/// The state that reading a document requires besides its tree.
pub(crate) struct Context<'t> {
    /// The whole input, to find places within strings.
    pub(crate) text: &'t str,
    /// The diagnostics so far.
    pub(crate) report: Report,
    /// How many more bytes of distinct guards may be read.
    pub(crate) guard_text: usize,
    /// The leeway of the gate whose configuration is read; none for a document alone.
    pub(crate) leeway: Option<Duration>,
    /// How many more markings may be explored.
    pub(crate) markings: usize,
}
