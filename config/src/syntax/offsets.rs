//! From the YAML parser's places, in characters, to offsets in bytes.

use saphyr_parser::Marker;

use super::narrow;
use crate::diagnostic::Span;

/// The number of characters between two stops: a look-up goes through fewer than these.
const STRIDE: usize = 128;

/// The offset of each [`STRIDE`]th character of a text.
pub(super) struct Offsets<'a> {
    text: &'a str,
    /// None where the text is ASCII: each character is then one byte.
    stops: Option<Vec<usize>>,
}

impl<'a> Offsets<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let stops = || text.char_indices().step_by(STRIDE).map(|(at, _)| at).collect();
        Self { text, stops: (!text.is_ascii()).then(stops) }
    }

    /// The offset of the character with this index.
    fn byte(&self, index: usize) -> usize {
        let Some(stops) = &self.stops else { return index.min(self.text.len()) };
        let from = index.checked_div(STRIDE).and_then(|stop| stops.get(stop)).copied().unwrap_or(self.text.len());
        let rest = self.text.get(from..).unwrap_or_default();
        let within = rest.char_indices().nth(index.checked_rem(STRIDE).unwrap_or_default());
        within.map_or(self.text.len(), |(at, _)| from.saturating_add(at))
    }

    /// The place from `start` to `end`.
    pub(super) fn span(&self, start: Marker, end: Marker) -> Span {
        let first = self.byte(start.index());
        let last = self.byte(end.index()).max(first);
        Span {
            start: narrow(first),
            end: narrow(last),
            line: narrow(start.line().max(1)),
            column: narrow(start.col().saturating_add(1)),
        }
    }
}
