//! Builds a tree from its parts, in the order of the input.

use std::borrow::Cow;

use super::{Entry, Kind, MAX_DEPTH, MAX_VALUES, Node};
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::report::{Report, quote};
use crate::sorted::SortedMap;

/// A list or mapping that has begun and not ended.
pub(super) enum Open<'a> {
    List { start: Span, items: Vec<Node<'a>> },
    Map { start: Span, entries: Vec<Entry<'a>>, key: Option<(Option<Cow<'a, str>>, Span)> },
}

/// A tree that is not complete yet.
pub(super) struct Builder<'a, 'r> {
    open: Vec<Open<'a>>,
    pub(super) root: Option<Node<'a>>,
    values: usize,
    pub(super) report: &'r mut Report,
}

/// The input is rejected; the reason is in the report.
pub(super) struct Rejected;

impl<'a, 'r> Builder<'a, 'r> {
    pub(super) fn new(report: &'r mut Report) -> Self {
        Self { open: Vec::new(), root: None, values: 0, report }
    }

    pub(super) fn reject(&mut self, diagnostic: Diagnostic) -> Result<(), Rejected> {
        self.report.push(diagnostic);
        Err(Rejected)
    }

    pub(super) fn begin(&mut self, open: Open<'a>, span: Span) -> Result<(), Rejected> {
        // A key must be a string: stop here, or all parts of this one would be reported, too.
        if let Some(Open::Map { key: None, .. }) = self.open.last() {
            return self.reject(unsupported("a key that is a list or a mapping", span));
        }
        if self.open.len() >= MAX_DEPTH {
            let deep = words!("lists and mappings are nested more than {MAX_DEPTH} levels deep");
            return self.reject(Diagnostic::new(Code::TooMany, span, deep));
        }
        self.open.push(open);
        Ok(())
    }

    pub(super) fn end(&mut self, span: Span) -> Result<(), Rejected> {
        let node = match self.open.pop() {
            Some(Open::List { start, mut items }) => {
                items.shrink_to_fit();
                let last = items.last().map_or(start, |item| item.span);
                Node { span: whole_span(start, last, span), kind: Kind::List(items) }
            }
            Some(Open::Map { start, mut entries, .. }) => {
                // Most mappings have fewer entries than the first growth makes room for.
                entries.shrink_to_fit();
                let last = entries.last().map_or(start, |entry| entry.value.span.to(entry.key_span));
                self.duplicates(&entries);
                Node { span: whole_span(start, last, span), kind: Kind::Map(entries) }
            }
            None => return Ok(()),
        };
        self.value(node)
    }

    /// Adds a value to the innermost open list or mapping; in a mapping, keys and values alternate.
    pub(super) fn value(&mut self, node: Node<'a>) -> Result<(), Rejected> {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Map { entries, key, .. }) => match key.take() {
                Some((Some(name), key_span)) => entries.push(Entry { key: name, key_span, value: node }),
                // The key has been reported; its value is dropped with it.
                Some((None, _)) => {}
                // A key is not counted as a value.
                None => {
                    let named = key_of(node, self.report);
                    *key = Some(named);
                    return Ok(());
                }
            },
        }
        self.values = self.values.saturating_add(1);
        if self.values > MAX_VALUES {
            let span = self.root.as_ref().map_or(Span::START, |root| root.span);
            let many = words!("the input has more than {MAX_VALUES} values");
            return self.reject(Diagnostic::new(Code::TooMany, span, many));
        }
        Ok(())
    }

    fn duplicates(&mut self, entries: &[Entry<'a>]) {
        let mut seen: SortedMap<&str, Span> = SortedMap::new();
        for entry in entries {
            match seen.get(&*entry.key) {
                Some(first) => {
                    let message = words!("the key {} appears twice", quote(&entry.key));
                    let duplicate = Diagnostic::new(Code::DuplicateKey, entry.key_span, message).label("again here");
                    self.report.push(duplicate.also(*first, "first here"));
                }
                None => {
                    seen.insert(&entry.key, entry.key_span);
                }
            }
        }
    }
}

/// The place of a list or mapping: in flow style it ends with its bracket, in block style with its last part.
fn whole_span(start: Span, last: Span, end: Span) -> Span {
    if end.end > end.start && start.end > start.start { start.to(end) } else { start.to(last) }
}

/// A key's string; none, and a report, where the key is not a string.
fn key_of<'a>(node: Node<'a>, report: &mut Report) -> (Option<Cow<'a, str>>, Span) {
    let span = node.span;
    let kind = node.type_name();
    match node.kind {
        Kind::Text(text) if text == "<<" => {
            report.push(unsupported("a merge key", span));
            (None, span)
        }
        Kind::Text(text) => (Some(text), span),
        Kind::Broken => (None, span),
        Kind::Null | Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) | Kind::List(_) | Kind::Map(_) => {
            let key = Diagnostic::new(Code::Unsupported, span, words!("a key is {kind}"));
            report.push(key.label("a key must be a string").help("put the key in quotes"));
            (None, span)
        }
    }
}

/// An error for a part of YAML that this language does not have.
pub(super) fn unsupported(part: &str, span: Span) -> Diagnostic {
    let quotes = if ["an alias", "an anchor", "a tag"].contains(&part) {
        "; a text that begins with `*`, `&` or `!` needs quotes"
    } else {
        ""
    };
    Diagnostic::new(Code::Unsupported, span, words!("{part} is not part of the language")).help(words!(
        "write each value where it belongs: the language has no aliases, anchors, tags, merge keys or second documents{quotes}"
    ))
}
