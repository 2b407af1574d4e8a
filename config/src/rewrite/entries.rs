//! Entries of a mapping, and the namespace of a document: to remove and to add them.

use std::ops::Range;

use super::edits::Edits;
use super::source::{Source, range};
use crate::syntax::{Entry, Node};

/// The entry with this key.
pub(super) fn entry<'n, 'a>(node: &'n Node<'a>, key: &str) -> Option<&'n Entry<'a>> {
    node.entries().iter().find(|entry| entry.key == key)
}

/// The part of the text without which a mapping of several entries does not have this one; none if there is a comment within.
pub(super) fn removable(node: &Node<'_>, key: &str, source: &Source<'_>) -> Option<Range<usize>> {
    let entries = node.entries();
    let at = entries.iter().position(|entry| entry.key == key)?;
    let own = entries.get(at)?;
    let (start, end) = (range(own.key_span).start, range(own.value.span).end);
    let before = at.checked_sub(1).and_then(|before| entries.get(before)).map(|before| range(before.value.span).end);
    let next = at.checked_add(1).and_then(|next| entries.get(next)).map(|next| range(next.key_span).start);
    let line = source.line_start(start);
    let part = match (before, next) {
        // Whole lines, so that comments on the lines below stay.
        (_, Some(next)) if !source.is_flow(node) && source.at(line..start).trim_matches(' ').is_empty() => {
            let end = source.line_end(end);
            let after = source.at(end..next).find('\n')?;
            line..end.saturating_add(after).saturating_add(1)
        }
        (_, Some(next)) => start..next,
        (Some(before), None) => before..end,
        (None, None) => return None,
    };
    (!source.has_comment(part.clone())).then_some(part)
}

/// Adds `namespace` after `trust_domain`.
pub(super) fn add_namespace(document: &Node<'_>, namespace: &str, source: &Source<'_>, edits: &mut Edits<'_, '_>) {
    let Some(domain) = entry(document, "trust_domain") else { return };
    let (start, end) = (range(domain.key_span).start, range(domain.value.span).end);
    let added = format!("{}: {}", source.key("namespace"), source.scalar(namespace));
    if source.is_flow(document) {
        edits.insert(end, format!("{}{added}", source.comma(start)));
    } else {
        edits.insert(source.line_end(end), format!("{}{added}", source.new_line(start)));
    }
}
