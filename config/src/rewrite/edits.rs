//! Edits of a text: parts that are replaced, each by another text.

use std::ops::Range;

use super::source::{Source, range};
use crate::syntax::Entry;

pub(super) struct Edits<'s, 't> {
    source: &'s Source<'t>,
    edits: Vec<(Range<usize>, String)>,
}

impl<'s, 't> Edits<'s, 't> {
    pub(super) fn of(source: &'s Source<'t>) -> Self {
        Self { source, edits: Vec::new() }
    }

    /// Replaces a part that has no comment.
    pub(super) fn replace(&mut self, part: Range<usize>, by: String) {
        self.edits.push((part, by));
    }

    pub(super) fn insert(&mut self, at: usize, text: String) {
        self.replace(at..at, text);
    }

    /// Replaces the value of a key, if [`replaceable`] says where it is.
    pub(super) fn replace_value(&mut self, entry: &Entry<'_>, by: &str) {
        let Some(part) = replaceable(entry, self.source) else { return };
        let space = if part.start == range(entry.value.span).start { "" } else { " " };
        self.replace(part, format!("{space}{by}"));
    }

    /// The text with all edits.
    pub(super) fn apply(mut self) -> String {
        self.edits.sort_by_key(|(part, _)| (part.start, part.end));
        let mut result = String::with_capacity(self.source.text.len());
        let mut at = 0;
        for (part, by) in self.edits {
            // Of two edits of one part, the first counts.
            if part.start < at {
                continue;
            }
            result.push_str(self.source.at(at..part.start));
            result.push_str(&by);
            at = part.end;
        }
        result.push_str(self.source.at(at..self.source.text.len()));
        result
    }
}

/// The part of the text that is the value of a key: from its colon, if it begins on a later line. None: there is a comment
/// within, or it does not end with its line.
pub(super) fn replaceable(entry: &Entry<'_>, source: &Source<'_>) -> Option<Range<usize>> {
    let (key, value) = (range(entry.key_span), range(entry.value.span));
    let colon = source.at(key.end..source.text.len()).find(':')?;
    let after = key.end.saturating_add(colon).saturating_add(1);
    let lies_below = source.at(after..value.start).contains('\n');
    let part = if lies_below { after..value.end } else { value };
    (!source.has_comment(key.end..part.end) && !source.at(part.clone()).ends_with('\n')).then_some(part)
}
