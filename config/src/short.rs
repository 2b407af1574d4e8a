//! The short forms of a document, written out in its tree: after this the tree has the long forms, each part at its own
//! place in the input.
//!
//! A text that cannot be read stays as it is, and the schema rejects it.

use std::borrow::Cow;
use std::ops::Range;

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::report::{Report, quote};
use crate::schema::is_namespace;
use crate::sorted::SortedSet;
use crate::syntax::{Entry, Kind, MAX_VALUES, Node, Parts};

/// Writes out the short forms of a document, or of all documents of a gate's configuration. `input` is the whole input.
pub(crate) fn write_out(root: &mut Node<'_>, input: &str, report: &mut Report) {
    let mut short = Short { input, report, left: Some(MAX_VALUES) };
    match root.get_mut("workflows") {
        Some(workflows) => workflows.items_mut().iter_mut().for_each(|workflow| short.document(workflow)),
        None => short.document(root),
    }
}

struct Short<'t, 'r> {
    input: &'t str,
    report: &'r mut Report,
    /// How many more values there may be; none after more were needed.
    left: Option<usize>,
}

impl Short<'_, '_> {
    fn document(&mut self, root: &mut Node<'_>) {
        let namespace = root.entries().iter().find(|entry| entry.key == "namespace");
        let namespace = namespace.map(|entry| (entry.value.text().unwrap_or_default().to_owned(), entry.key_span));
        if let Some(actors) = root.get_mut("actors") {
            self.actors(actors, namespace);
        }
        let tasks = root.get_mut("tasks").map(Node::entries_mut).unwrap_or_default();
        tasks.iter_mut().filter_map(|task| task.value.get_mut("requests")).for_each(|node| self.requests(node));
        if let Some(Kind::List(items)) = root.get_mut("transitions").map(|transitions| &mut transitions.kind)
            && items.iter().any(|item| item.text().is_some())
        {
            *items = std::mem::take(items).into_iter().flat_map(|item| self.transitions(item)).collect();
        }
    }

    /// A list of names, and actors without `spiffe`.
    fn actors(&mut self, actors: &mut Node<'_>, namespace: Option<(String, Span)>) {
        if let Kind::List(items) = &mut actors.kind
            && items.iter().all(|item| item.text().is_some())
        {
            let mut seen = SortedSet::new();
            let mut named = Vec::with_capacity(items.len());
            for Node { span, kind } in std::mem::take(items) {
                let Kind::Text(name) = kind else { continue };
                if seen.insert(name.clone()) {
                    named.push(entry(name, span, Kind::Map(Vec::new())));
                } else {
                    let message = words!("the actor {} appears twice", quote(&name));
                    let twice = Diagnostic::new(Code::Duplicate, span, message).label("again here");
                    self.report.push(twice.help("remove it: an actor may perform many tasks"));
                }
            }
            actors.kind = Kind::Map(named);
        }
        let Some((namespace, span)) = namespace else { return };
        let mut unused = matches!(actors.kind, Kind::Map(_));
        for Entry { key, key_span, value } in actors.entries_mut() {
            let Kind::Map(keys) = &mut value.kind else { continue };
            if keys.iter().all(|of| of.key != "spiffe") && self.has_room(2, *key_span) {
                let id = Kind::Text(Cow::Owned(format!("ns/{namespace}/sa/{key}")));
                let list = Kind::List(vec![Node { span: *key_span, kind: id }]);
                // A wrong namespace is reported once, and not at each actor.
                let list = if is_namespace(&namespace) { list } else { Kind::Broken };
                keys.push(entry(Cow::Borrowed("spiffe"), *key_span, list));
                unused = false;
            }
        }
        if unused {
            let unused = Diagnostic::new(Code::NoEffect, span, "`namespace` has no effect: each actor has a `spiffe`");
            self.report.push(unused.label("remove it"));
        }
    }

    /// A text, or a list with texts.
    fn requests(&mut self, node: &mut Node<'_>) {
        if let Some(kind) = self.request(node) {
            node.kind = Kind::List(vec![Node { span: node.span, kind }]);
            return;
        }
        for item in node.items_mut() {
            if let Some(kind) = self.request(item) {
                item.kind = kind;
            }
        }
    }

    /// `/path`, or `METHOD,METHOD /path`.
    fn request<'a>(&mut self, node: &Node<'a>) -> Option<Kind<'a>> {
        let Kind::Text(text) = &node.kind else { return None };
        let (methods, _) = text.split_at_checked(text.find('/')?)?;
        if !self.has_room(methods.bytes().filter(|b| *b == b',').count().saturating_add(4), node.span) {
            return Some(Kind::Broken);
        }
        let mut parts = Parts::of(text, node, self.input);
        let mut entries = Vec::new();
        if !methods.trim_matches(BLANK).is_empty() {
            methods.strip_suffix(BLANK)?;
            let methods = pieces(methods, ",").map(|piece| part(text, &piece, &mut parts));
            entries.push(entry(Cow::Borrowed("methods"), node.span, Kind::List(methods.collect())));
        }
        let path = part(text, &trimmed(text, methods.len()..text.len()), &mut parts);
        entries.push(Entry { key: Cow::Borrowed("path"), key_span: path.span, value: path });
        Some(Kind::Map(entries))
    }

    /// The transitions of `a -> b -> c`; anything else is itself.
    fn transitions<'a>(&mut self, node: Node<'a>) -> Vec<Node<'a>> {
        let Kind::Text(text) = &node.kind else { return vec![node] };
        let arrows = text.matches(ARROW).count();
        if arrows == 0 {
            return vec![node];
        }
        if !self.has_room(arrows.saturating_mul(3), node.span) {
            return vec![Node { kind: Kind::Broken, ..node }];
        }
        let mut parts = Parts::of(text, &node, self.input);
        let mut from: Option<(Cow<'a, str>, Span)> = None;
        let mut all = Vec::with_capacity(arrows);
        for piece in pieces(text, ARROW) {
            let (name, span) = (slice(text, &piece), parts.place(&piece));
            if let Some((before, first)) = from.replace((name.clone(), span)) {
                let ends = vec![
                    entry(Cow::Borrowed("from"), first, Kind::Text(before)),
                    entry(Cow::Borrowed("to"), span, Kind::Text(name)),
                ];
                all.push(Node { span: first.to(span), kind: Kind::Map(ends) });
            }
        }
        all
    }

    /// Whether there is room for so many values; reports once that there is none.
    fn has_room(&mut self, values: usize, span: Span) -> bool {
        let Some(left) = self.left else { return false };
        self.left = left.checked_sub(values);
        if self.left.is_none() {
            let message = words!("the short forms of this input stand for more than {MAX_VALUES} values");
            self.report.push(Diagnostic::new(Code::TooMany, span, message));
        }
        self.left.is_some()
    }
}

const BLANK: char = ' ';
const ARROW: &str = "->";

/// A value at its key; both are at the same place of the input.
fn entry<'a>(key: Cow<'a, str>, span: Span, kind: Kind<'a>) -> Entry<'a> {
    Entry { key, key_span: span, value: Node { span, kind } }
}

/// The ranges of the texts between separators, without the blanks around them.
fn pieces(text: &str, separator: &'static str) -> impl Iterator<Item = Range<usize>> {
    let mut next = 0_usize;
    text.split(separator).map(move |piece| {
        let start = next;
        next = start.saturating_add(piece.len()).saturating_add(separator.len());
        trimmed(text, start..start.saturating_add(piece.len()))
    })
}

/// The range without the blanks at its ends.
fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let piece = text.get(range.clone()).unwrap_or_default();
    let start = range.start.saturating_add(piece.len().saturating_sub(piece.trim_start_matches(BLANK).len()));
    start..start.saturating_add(piece.trim_matches(BLANK).len())
}

/// The string that a part of a text is.
fn part<'a>(text: &Cow<'a, str>, range: &Range<usize>, parts: &mut Parts<'_>) -> Node<'a> {
    Node { span: parts.place(range), kind: Kind::Text(slice(text, range)) }
}

fn slice<'a>(text: &Cow<'a, str>, range: &Range<usize>) -> Cow<'a, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(range.clone()).unwrap_or_default()),
        Cow::Owned(text) => Cow::Owned(text.get(range.clone()).unwrap_or_default().to_owned()),
    }
}
