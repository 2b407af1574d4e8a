//! The text of a file, with the places of its scalars: all else is punctuation, white space and comments.

use std::ops::Range;

use crate::diagnostic::Span;
use crate::syntax::{Kind, Node, is_plain};

pub(super) struct Source<'t> {
    pub(super) text: &'t str,
    /// The places of keys and scalars, in order.
    scalars: Vec<Range<usize>>,
    /// Whether it is JSON: every string then has quotes.
    is_json: bool,
}

impl<'t> Source<'t> {
    pub(super) fn of(text: &'t str, roots: &[Node<'_>]) -> Self {
        let mut scalars = Vec::new();
        roots.iter().for_each(|root| add_scalars(root, &mut scalars));
        let is_json = roots.first().is_some_and(|root| {
            let all = text.get(range(root.span)).unwrap_or_default();
            all.starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
        });
        Self { text, scalars, is_json }
    }

    /// The text at a range.
    pub(super) fn at(&self, range: Range<usize>) -> &'t str {
        self.text.get(range).unwrap_or_default()
    }

    /// The comments within a range, from their `#` to the end of their line.
    pub(super) fn comments(&self, within: Range<usize>) -> Vec<&'t str> {
        let first = self.scalars.partition_point(|scalar| scalar.end <= within.start);
        let scalars = self.scalars.iter().skip(first).take_while(|scalar| scalar.start < within.end);
        let mut comments = Vec::new();
        let mut at = within.start;
        for next in scalars.cloned().chain(std::iter::once(within.end..within.end)) {
            let lines = self.at(at..next.start.max(at)).split('\n');
            comments.extend(lines.filter_map(|line| line.get(line.find('#')?..)).map(str::trim_end));
            at = next.end;
        }
        comments
    }

    /// Whether there is a comment within a range.
    pub(super) fn has_comment(&self, within: Range<usize>) -> bool {
        !self.comments(within).is_empty()
    }

    /// Whether a list or mapping is in brackets.
    pub(super) fn is_flow(&self, node: &Node<'_>) -> bool {
        // A list without brackets may begin where its first item does, which may have brackets.
        let is_first_item = node.items().first().is_some_and(|item| item.span.start == node.span.start);
        self.at(range(node.span)).starts_with(['{', '[']) && !is_first_item
    }

    /// The beginning of the line of an offset.
    pub(super) fn line_start(&self, at: usize) -> usize {
        self.at(0..at).rfind('\n').map_or(0, |line| line.saturating_add(1))
    }

    /// The end of the line of an offset, without its line feed and what belongs to it.
    pub(super) fn line_end(&self, at: usize) -> usize {
        let line = self.at(at..self.text.len()).split('\n').next().unwrap_or_default();
        at.saturating_add(line.strip_suffix('\r').unwrap_or(line).len())
    }

    /// The line feed of this file.
    pub(super) fn line_feed(&self) -> &'static str {
        match self.text.split_once('\n') {
            Some((first, _)) if first.ends_with('\r') => "\r\n",
            _ => "\n",
        }
    }

    /// A line feed, and as many spaces as there are characters before this place in its line.
    pub(super) fn new_line(&self, at: usize) -> String {
        let before = self.at(self.line_start(at)..at).chars().count();
        format!("{}{}", self.line_feed(), " ".repeat(before))
    }

    /// A comma after a part in brackets, and the white space before the next part: that before this one, if it begins a line.
    pub(super) fn comma(&self, at: usize) -> String {
        let is_first = self.at(self.line_start(at)..at).trim().is_empty();
        if is_first { format!(",{}", self.new_line(at)) } else { ", ".to_owned() }
    }

    /// A text as a scalar, in quotes only where needed.
    pub(super) fn scalar(&self, text: &str) -> String {
        if !self.is_json && is_plain(text) { text.to_owned() } else { quoted(text) }
    }

    /// A word of the language as a key.
    pub(super) fn key(&self, word: &str) -> String {
        if self.is_json { quoted(word) } else { word.to_owned() }
    }
}

/// A text as a string of JSON, which is one of YAML.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A place as a range of offsets.
pub(super) fn range(span: Span) -> Range<usize> {
    let offset = |at: u32| usize::try_from(at).unwrap_or(usize::MAX);
    offset(span.start)..offset(span.end)
}

fn add_scalars(node: &Node<'_>, scalars: &mut Vec<Range<usize>>) {
    match &node.kind {
        Kind::Map(entries) => {
            for entry in entries {
                scalars.push(range(entry.key_span));
                add_scalars(&entry.value, scalars);
            }
        }
        Kind::List(items) => items.iter().for_each(|item| add_scalars(item, scalars)),
        Kind::Null | Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) | Kind::Text(_) | Kind::Broken => {
            scalars.push(range(node.span));
        }
    }
}
