//! The syntax of inputs: a tree of values, each with its place.
//!
//! YAML 1.2 with its core schema, and so also JSON; without aliases, anchors, tags, merge keys and second documents, so
//! that each value is written in one place, where it belongs.

mod builder;
mod json;
#[cfg(feature = "people")]
mod offsets;
mod parse;
mod parts;
mod scalar;
#[cfg(feature = "people")]
mod slip;
mod to_json;
#[cfg(feature = "people")]
mod yaml;
#[cfg(feature = "people")]
mod yaml11;

use std::borrow::Cow;

pub(crate) use parse::parse;
#[cfg(feature = "people")]
pub(crate) use parse::parse_all;
pub(crate) use parts::Parts;
pub(crate) use to_json::{json_len, to_json};
#[cfg(feature = "people")]
pub use yaml11::is_ambiguous;
#[cfg(feature = "people")]
pub(crate) use yaml11::is_plain;

use crate::diagnostic::Span;

/// Largest input, in bytes; a larger one is rejected unread.
pub const MAX_INPUT: usize = 8 << 20;
/// Deepest nesting of lists and mappings.
pub const MAX_DEPTH: usize = 64;
/// Most values in one input: mappings, lists, and scalars other than keys. The largest document within the other bounds
/// has some 300,000.
pub const MAX_VALUES: usize = 500_000;

/// Most characters in YAML that may separate values. The YAML parser keeps a whole `[…]` or `{…}` as tokens of some 100
/// bytes each before its first event.
pub const MAX_STRUCTURE: usize = 400_000;

/// A value and its place.
#[derive(Debug)]
pub(crate) struct Node<'a> {
    pub(crate) span: Span,
    pub(crate) kind: Kind<'a>,
}

/// The kind of a value, and the value.
#[derive(Debug)]
pub(crate) enum Kind<'a> {
    Null,
    Bool(bool),
    /// A whole number, also where it is written as `1.0` or `1e3`: a proxy that passes on a configuration as a protobuf
    /// `Struct` has only doubles, and all gates must read the same number.
    Int(i64),
    /// Any other number; finite.
    Float(f64),
    Text(Cow<'a, str>),
    List(Vec<Node<'a>>),
    Map(Vec<Entry<'a>>),
    /// A value with an error, which has been reported and is not reported again.
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
    /// The value of `key`, if this is a mapping that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Node<'a>> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The same, to change it.
    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Node<'a>> {
        self.entries_mut().iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.value)
    }

    /// The entries of a mapping, to change them; empty for other values.
    pub(crate) fn entries_mut(&mut self) -> &mut [Entry<'a>] {
        if let Kind::Map(entries) = &mut self.kind { entries } else { &mut [] }
    }

    /// The items of a list, to change them; empty for other values.
    pub(crate) fn items_mut(&mut self) -> &mut [Node<'a>] {
        if let Kind::List(items) = &mut self.kind { items } else { &mut [] }
    }

    /// The entries of a mapping; empty for other values.
    pub(crate) fn entries(&self) -> &[Entry<'a>] {
        if let Kind::Map(entries) = &self.kind { entries } else { &[] }
    }

    /// The items of a list; empty for other values.
    pub(crate) fn items(&self) -> &[Node<'a>] {
        if let Kind::List(items) = &self.kind { items } else { &[] }
    }

    /// The string, if this is one.
    pub(crate) fn text(&self) -> Option<&str> {
        if let Kind::Text(text) = &self.kind { Some(text) } else { None }
    }

    /// The type's name, with its article.
    pub(crate) fn type_name(&self) -> &'static str {
        match &self.kind {
            Kind::Null => "empty",
            Kind::Bool(_) => "a bool",
            Kind::Int(_) => "a whole number",
            Kind::Float(_) => "a number",
            Kind::Text(_) => "a string",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a mapping",
            Kind::Broken => "not valid",
        }
    }

    /// The place to point at for the value as a whole: the first key or item of a mapping or list, since a mark over many
    /// lines would not help.
    pub(crate) fn head_span(&self) -> Span {
        match &self.kind {
            Kind::Map(entries) => entries.first().map_or(self.span, |first| first.key_span),
            Kind::List(items) => items.first().map_or(self.span, Node::head_span),
            Kind::Null | Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) | Kind::Text(_) | Kind::Broken => self.span,
        }
    }
}

/// An offset in 32 bits, which [`MAX_INPUT`] fits.
pub(super) fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}
