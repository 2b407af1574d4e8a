//! The places of the parts of a string.

use std::ops::Range;

use super::{Node, narrow};
use crate::diagnostic::Span;

/// The parts of one string, from left to right.
pub(crate) struct Parts<'t> {
    text: &'t str,
    whole: Span,
    /// The place of the text's rest; none where the input does not have the string unescaped on one line.
    rest: Option<Span>,
    /// The offset of that rest in the text.
    at: usize,
}

impl<'t> Parts<'t> {
    /// The parts of a string of `input`.
    pub(crate) fn of(text: &'t str, node: &Node<'_>, input: &str) -> Self {
        let raw = node.span.of(input);
        let quote = raw.find(text).filter(|_| !text.contains('\n')).and_then(|at| raw.get(..at));
        let rest = quote.filter(|before| !before.contains('\n')).map(|before| advanced(node.span, before));
        Self { text, whole: node.span, rest, at: 0 }
    }

    /// The place of the part at `range`, which is not to the left of the one before: exact, or else the whole string.
    pub(crate) fn place(&mut self, range: &Range<usize>) -> Span {
        let skipped = self.text.get(self.at..range.start);
        let part = self.text.get(range.clone());
        let (Some(rest), Some(skipped), Some(part)) = (self.rest, skipped, part) else { return self.whole };
        let start = advanced(rest, skipped);
        (self.rest, self.at) = (Some(start), range.start);
        Span { end: start.start.saturating_add(narrow(part.len())), ..start }
    }
}

/// The place after `text`, which is on one line.
fn advanced(from: Span, text: &str) -> Span {
    let start = from.start.saturating_add(narrow(text.len()));
    Span { start, column: from.column.saturating_add(narrow(text.chars().count())), ..from }
}
