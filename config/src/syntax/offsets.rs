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

    /// The place of a string in quotes, without the rest of its line, which the parser's mark has, too.
    pub(super) fn quoted(&self, span: Span) -> Span {
        let raw = span.of(self.text);
        let mut inner = raw.char_indices().skip(1);
        let quote = raw.chars().next();
        let closing = loop {
            match inner.next() {
                // In single quotes, two stand for one.
                Some((at, '\''))
                    if quote == Some('\'') && !raw.get(at..).is_some_and(|rest| rest.starts_with("''")) =>
                {
                    break at;
                }
                Some((at, '"')) if quote == Some('"') => break at,
                Some((_, '\'')) if quote == Some('\'') => inner.next(),
                Some((_, '\\')) if quote == Some('"') => inner.next(),
                Some(_) => continue,
                None => return span,
            };
        };
        Span { end: span.start.saturating_add(narrow(closing)).saturating_add(1), ..span }
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
