//! Reading an object that has been checked against the tables: a value of a wrong form is absent here, since it has
//! been reported.

use std::time::Duration;

use super::Object;
use crate::diagnostic::Span;
use crate::duration;
use crate::level::Level;
use crate::syntax::{Entry, Kind, Node};

/// The keys of one object and their values.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'t, 'a> {
    object: &'static Object,
    node: &'t Node<'a>,
}

/// A key that is present, and its value.
#[derive(Clone, Copy)]
pub(crate) struct Field<'t, 'a> {
    pub(crate) key_span: Span,
    pub(crate) node: &'t Node<'a>,
    /// The place of `{value: X, advisory: true}`, where the value is written so.
    pub(crate) advisory: Option<Span>,
}

impl<'t, 'a> Fields<'t, 'a> {
    pub(crate) fn of(object: &'static Object, node: &'t Node<'a>) -> Self {
        Self { object, node }
    }

    /// The fields of an object at `key`: its value, or one of its items or entries.
    pub(crate) fn inner(&self, key: &str, node: &'t Node<'a>) -> Option<Self> {
        let object = self.object.key(key).and_then(|key| key.value.object())?;
        matches!(node.kind, Kind::Map(_)).then_some(Self { object, node })
    }

    /// Whether the object may have this key.
    pub(crate) fn has_key(&self, key: &str) -> bool {
        self.object.key(key).is_some()
    }

    /// The place to point at for the object as a whole.
    pub(crate) fn head_span(&self) -> Span {
        self.node.head_span()
    }

    /// The field with this key, where it is present.
    pub(crate) fn get(&self, key: &str) -> Option<Field<'t, 'a>> {
        let entry = self.node.entries().iter().find(|entry| entry.key == key)?;
        let can_advise = self.object.key(key).is_some_and(|key| key.from > Level::Identity);
        let inner = entry.value.get("value").filter(|_| can_advise);
        Some(Field {
            key_span: entry.key_span,
            node: inner.unwrap_or(&entry.value),
            advisory: inner.map(|_| entry.value.head_span()),
        })
    }

    /// All fields that are present, in the order of the table.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&'static super::Key, Field<'t, 'a>)> + use<'t, 'a> {
        let this = *self;
        this.object.keys().filter_map(move |key| this.get(key.name).map(|field| (key, field)))
    }

    /// The string at `key`, or its default.
    pub(crate) fn text(&self, key: &str) -> Option<&'t str> {
        match self.get(key) {
            Some(field) => field.node.text(),
            None => self.object.default(key),
        }
    }

    /// The string at `key`, where it is present, with its place.
    pub(crate) fn text_and_span(&self, key: &str) -> Option<(&'t str, Span)> {
        self.get(key).and_then(|field| Some((field.node.text()?, field.node.span)))
    }

    /// The whole number at `key`, or its default.
    pub(crate) fn integer(&self, key: &str) -> Option<i64> {
        match self.get(key).map(|field| &field.node.kind) {
            Some(Kind::Int(number)) => Some(*number),
            Some(_) => None,
            None => self.object.default(key).and_then(|text| text.parse().ok()),
        }
    }

    /// The same, in 32 bits.
    pub(crate) fn u32(&self, key: &str) -> Option<u32> {
        self.integer(key).and_then(|number| u32::try_from(number).ok())
    }

    /// The flag at `key`, where it is present.
    pub(crate) fn flag(&self, key: &str) -> Option<bool> {
        match self.get(key).map(|field| &field.node.kind) {
            Some(Kind::Bool(flag)) => Some(*flag),
            _ => None,
        }
    }

    /// The duration at `key`, or its default.
    pub(crate) fn duration(&self, key: &str) -> Option<Duration> {
        self.text(key).and_then(|text| duration::parse(text).ok())
    }

    /// The duration at `key`, where it is present, with the place of its key.
    pub(crate) fn duration_and_span(&self, key: &str) -> Option<(Duration, Span)> {
        let field = self.get(key)?;
        Some((duration::parse(field.node.text()?).ok()?, field.key_span))
    }

    /// The items of the list at `key`.
    pub(crate) fn items(&self, key: &str) -> &'t [Node<'a>] {
        self.get(key).map_or(&[], |field| field.node.items())
    }

    /// The entries of the mapping at `key`.
    pub(crate) fn entries(&self, key: &str) -> &'t [Entry<'a>] {
        self.get(key).map_or(&[], |field| field.node.entries())
    }
}
