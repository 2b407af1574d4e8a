//! From the YAML parser's events to the tree.

use std::borrow::Cow;
use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span as Mark, Tag};

use super::offsets::Offsets;
use super::{Entry, Kind, MAX_DEPTH, MAX_INPUT, MAX_VALUES, Node, scalar};
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::report::{Report, quote};

/// The tree of `text`; none where there is no sense to be made of it, which `report` then says.
pub(crate) fn parse<'a>(text: &'a [u8], report: &mut Report) -> Option<Node<'a>> {
    let text = match readable(text) {
        Ok(text) => text,
        Err(diagnostic) => {
            report.push(*diagnostic);
            return None;
        }
    };
    let mut builder = Builder { offsets: Offsets::of(text), open: Vec::new(), root: None, values: 0, report };
    let start = Span { line: 1, column: 1, ..Span::default() };
    for event in Parser::new_from_str(text) {
        let (event, mark) = match event {
            Ok(event) => event,
            Err(error) => {
                let span = builder.offsets.span(*error.marker(), *error.marker());
                // Where an alias names nothing, the parser says so before we can say that there are none.
                let alias = error.info().contains("unknown anchor");
                builder.report.push(if alias { unsupported("an alias", span) } else { syntax(error.info(), span) });
                return None;
            }
        };
        if builder.take(event, mark).is_err() {
            return None;
        }
    }
    if builder.root.is_none() {
        let nothing = Diagnostic::new(Code::Unreadable, start, "the input has no content");
        builder.report.push(nothing.help("a gate without a configuration denies everything"));
    }
    builder.root
}

/// The text, if it is one and within bounds.
fn readable(text: &[u8]) -> Result<&str, Box<Diagnostic>> {
    let start = Span { line: 1, column: 1, ..Span::default() };
    let fail = |at: Span, message: String| Box::new(Diagnostic::new(Code::Unreadable, at, message));
    if text.len() > MAX_INPUT {
        return Err(fail(start, format!("the input has {} bytes; at most {MAX_INPUT} are read", text.len())));
    }
    let place = |at: usize| {
        let before = text.get(..at).unwrap_or_default();
        let line = before.split(|&b| b == b'\n');
        let column = String::from_utf8_lossy(line.clone().next_back().unwrap_or_default()).chars().count();
        let narrow = super::offsets::narrow;
        let (line, column) = (narrow(line.count()), narrow(column.saturating_add(1)));
        Span { start: narrow(at), end: narrow(at), line, column }
    };
    let text = std::str::from_utf8(text).map_err(|e| fail(place(e.valid_up_to()), "the input is not UTF-8".into()))?;
    match text.bytes().position(|b| b == 0) {
        Some(at) => Err(fail(place(at), "the input has a NUL character".into())),
        None => Ok(text),
    }
}

/// A list or mapping that has begun and not ended.
enum Open<'a> {
    List { start: Span, items: Vec<Node<'a>> },
    Map { start: Span, entries: Vec<Entry<'a>>, key: Option<(Option<Cow<'a, str>>, Span)> },
}

struct Builder<'a, 'r> {
    offsets: Offsets<'a>,
    open: Vec<Open<'a>>,
    root: Option<Node<'a>>,
    values: usize,
    report: &'r mut Report,
}

/// What was read makes no tree any more; the report says why.
struct Stop;

impl<'a> Builder<'a, '_> {
    fn take(&mut self, event: Event<'a>, mark: Mark) -> Result<(), Stop> {
        let span = self.offsets.span(mark.start, mark.end);
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) if self.root.is_some() => self.stop(unsupported("a second document", span)),
            Event::DocumentStart(_) => Ok(()),
            Event::Alias(_) => self.stop(unsupported("an alias", span)),
            Event::Scalar(text, style, anchor, tag) => {
                self.plain_only(anchor, tag.as_deref(), span);
                self.scalar(text, style, span)
            }
            Event::SequenceStart(anchor, tag) => {
                self.plain_only(anchor, tag.as_deref(), span);
                self.begin(Open::List { start: span, items: Vec::new() }, span)
            }
            Event::MappingStart(anchor, tag) => {
                self.plain_only(anchor, tag.as_deref(), span);
                self.begin(Open::Map { start: span, entries: Vec::new(), key: None }, span)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
        }
    }

    fn stop(&mut self, diagnostic: Diagnostic) -> Result<(), Stop> {
        self.report.push(diagnostic);
        Err(Stop)
    }

    /// Anchors and tags would let a text say something elsewhere, or something else, than it shows.
    fn plain_only(&mut self, anchor: usize, tag: Option<&Tag>, span: Span) {
        if anchor != 0 {
            self.report.push(unsupported("an anchor", span));
        }
        if tag.is_some() {
            self.report.push(unsupported("a tag", span));
        }
    }

    fn scalar(&mut self, text: Cow<'a, str>, style: ScalarStyle, span: Span) -> Result<(), Stop> {
        let kind = if style == ScalarStyle::Plain { scalar::plain(text) } else { Ok(Kind::Text(text)) };
        let kind = kind.unwrap_or_else(|message| {
            self.report.push(Diagnostic::new(Code::BadValue, span, message));
            Kind::Broken
        });
        self.value(Node { span, kind })
    }

    fn begin(&mut self, open: Open<'a>, span: Span) -> Result<(), Stop> {
        // A key is a text: stop here, or all that belongs to it would be reported too.
        if let Some(Open::Map { key: None, .. }) = self.open.last() {
            return self.stop(unsupported("a key that is a list or a mapping", span));
        }
        if self.open.len() >= MAX_DEPTH {
            let deep = format!("lists and mappings are nested more than {MAX_DEPTH} deep");
            return self.stop(Diagnostic::new(Code::TooMany, span, deep));
        }
        self.open.push(open);
        Ok(())
    }

    fn end(&mut self, span: Span) -> Result<(), Stop> {
        let node = match self.open.pop() {
            Some(Open::List { start, items }) => {
                let last = items.last().map_or(start, |item| item.span);
                Node { span: ended(start, last, span), kind: Kind::List(items) }
            }
            Some(Open::Map { start, entries, .. }) => {
                let last = entries.last().map_or(start, |entry| entry.value.span.to(entry.key_span));
                self.duplicates(&entries);
                Node { span: ended(start, last, span), kind: Kind::Map(entries) }
            }
            None => return Ok(()),
        };
        self.value(node)
    }

    /// Puts a value where it belongs; in a mapping, every other one is a key.
    fn value(&mut self, node: Node<'a>) -> Result<(), Stop> {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Map { entries, key, .. }) => match key.take() {
                Some((Some(name), key_span)) => entries.push(Entry { key: name, key_span, value: node }),
                // The key was reported; what it holds goes with it.
                Some((None, _)) => {}
                // Not counted as a value.
                None => {
                    let named = key_of(node, self.report);
                    *key = Some(named);
                    return Ok(());
                }
            },
        }
        self.values = self.values.saturating_add(1);
        if self.values > MAX_VALUES {
            let span = self.root.as_ref().map_or(Span { line: 1, column: 1, ..Span::default() }, |root| root.span);
            return self.stop(Diagnostic::new(Code::TooMany, span, format!("the input has more than {MAX_VALUES} values")));
        }
        Ok(())
    }

    fn duplicates(&mut self, entries: &[Entry<'a>]) {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for entry in entries {
            match seen.get(&*entry.key) {
                Some(first) => self.report.push(
                    Diagnostic::new(Code::DuplicateKey, entry.key_span, format!("the key {} stands twice", quote(&entry.key)))
                        .label("again here")
                        .also(*first, "first here"),
                ),
                None => {
                    seen.insert(&entry.key, entry.key_span);
                }
            }
        }
    }
}

/// Where a list or mapping stands: a flow one ends with its bracket, a block one with its last part.
fn ended(start: Span, last: Span, end: Span) -> Span {
    if end.end > end.start && start.end > start.start { start.to(end) } else { start.to(last) }
}

fn unsupported(what: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::Unsupported, span, format!("{what} is not part of this language"))
        .help("write each value where it belongs: no aliases, anchors, tags, merge keys or second documents")
}

fn syntax(info: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::Syntax, span, format!("not YAML: {info}"))
}

/// The text that a key is; none, and a report, where it is something else.
fn key_of<'a>(node: Node<'a>, report: &mut Report) -> (Option<Cow<'a, str>>, Span) {
    let span = node.span;
    let what = node.what();
    match node.kind {
        Kind::Text(text) if text == "<<" => {
            report.push(unsupported("a merge key", span));
            (None, span)
        }
        Kind::Text(text) => (Some(text), span),
        Kind::Broken => (None, span),
        Kind::Null | Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) | Kind::List(_) | Kind::Map(_) => {
            let key = Diagnostic::new(Code::Unsupported, span, format!("a key that is {what}"));
            report.push(key.label("a key is a text").help("write it in quotes"));
            (None, span)
        }
    }
}
