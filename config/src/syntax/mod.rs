//! A text as a tree whose every part knows where it stands.
//!
//! YAML 1.2 with its core schema, of which JSON is a part; without aliases, anchors, tags, merge keys
//! and second documents, so that a text says once, in one place, what it says.

mod builder;
mod json;
mod offsets;
mod parse;
mod scalar;
mod to_json;
mod yaml;
mod yaml11;

use std::borrow::Cow;

pub(crate) use parse::parse;
pub(crate) use to_json::{json_len, to_json};

use crate::diagnostic::Span;

/// Largest input, in bytes; what is larger is refused unread.
pub const MAX_INPUT: usize = 8 << 20;
/// Deepest nesting of lists and mappings.
pub const MAX_DEPTH: usize = 64;
/// Most values in one input (a mapping, a list and each scalar that is no key are one each). The
/// largest document within the other bounds has some 300,000.
pub const MAX_VALUES: usize = 500_000;

/// Most characters of a YAML text that may part its values. The YAML parser holds a whole `[…]` or `{…}`
/// as tokens, some 100 bytes each, before it says anything of it.
pub const MAX_STRUCTURE: usize = 400_000;

/// A value and its place.
#[derive(Debug)]
pub(crate) struct Node<'a> {
    pub(crate) span: Span,
    pub(crate) kind: Kind<'a>,
}

/// What a value is.
#[derive(Debug)]
pub(crate) enum Kind<'a> {
    Null,
    Bool(bool),
    /// A whole number, also where it is written as `1.0` or `1e3`: a proxy that hands a
    /// configuration on as a protobuf `Struct` knows only doubles, and both gates must read the same.
    Int(i64),
    /// Any other number; finite.
    Float(f64),
    Text(Cow<'a, str>),
    List(Vec<Node<'a>>),
    Map(Vec<Entry<'a>>),
    /// Something that has been reported already, so that nobody reports it again.
    Broken,
}

/// A key with its value.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) key: Cow<'a, str>,
    pub(crate) key_span: Span,
    pub(crate) value: Node<'a>,
}

impl<'a> Node<'a> {
    /// The value of `key`, where this is a mapping that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Node<'a>> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The entries, where this is a mapping; else none.
    pub(crate) fn entries(&self) -> &[Entry<'a>] {
        match &self.kind {
            Kind::Map(entries) => entries,
            Kind::Null
            | Kind::Bool(_)
            | Kind::Int(_)
            | Kind::Float(_)
            | Kind::Text(_)
            | Kind::List(_)
            | Kind::Broken => &[],
        }
    }

    /// The items, where this is a list; else none.
    pub(crate) fn items(&self) -> &[Node<'a>] {
        match &self.kind {
            Kind::List(items) => items,
            Kind::Null
            | Kind::Bool(_)
            | Kind::Int(_)
            | Kind::Float(_)
            | Kind::Text(_)
            | Kind::Map(_)
            | Kind::Broken => &[],
        }
    }

    /// The text, where this is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            Kind::Null
            | Kind::Bool(_)
            | Kind::Int(_)
            | Kind::Float(_)
            | Kind::List(_)
            | Kind::Map(_)
            | Kind::Broken => None,
        }
    }

    /// What this is, in words.
    pub(crate) fn type_name(&self) -> &'static str {
        match &self.kind {
            Kind::Null => "nothing",
            Kind::Bool(_) => "a bool",
            Kind::Int(_) => "a whole number",
            Kind::Float(_) => "a number",
            Kind::Text(_) => "a text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a mapping",
            Kind::Broken => "something broken",
        }
    }

    /// Where to point when the value as a whole is meant: at its first key or item if it runs on
    /// over several lines, since marking twenty lines marks nothing.
    pub(crate) fn head_span(&self) -> Span {
        match &self.kind {
            Kind::Map(entries) => entries.first().map_or(self.span, |first| first.key_span),
            Kind::List(items) => items.first().map_or(self.span, Node::head_span),
            Kind::Null | Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) | Kind::Text(_) | Kind::Broken => self.span,
        }
    }
}
