//! The names that a guard may read, and their types.

use std::collections::BTreeMap;

use crate::workflow::Attribute;

/// The type of a value in a guard, as far as it is known before the guard is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Bool,
    /// A whole number or a double: CEL compares the two.
    Number,
    Text,
    Time,
    Span,
    List,
    Map,
    /// Not known.
    Any,
}

impl Type {
    /// Whether a value of this type may be one of these.
    pub(super) fn may_be(self, types: &[Self]) -> bool {
        self == Self::Any || types.contains(&self) || types.contains(&Self::Any)
    }

    /// The type's name, with its article.
    pub(super) fn type_name(self) -> &'static str {
        match self {
            Self::Bool => "a bool",
            Self::Number => "a number",
            Self::Text => "a string",
            Self::Time => "a timestamp",
            Self::Span => "a duration",
            Self::List => "a list",
            Self::Map => "a map",
            Self::Any => "a value",
        }
    }
}

/// The variables whose fields guards read, and these fields. `peer` has the attributes, too.
const RECORDS: &[(&str, &[(&str, Type)])] = &[
    ("instance", &[("id", Type::Text), ("revision", Type::Number)]),
    ("peer", &[("id", Type::Text), ("actor", Type::Text), ("attributes", Type::Map)]),
    ("request", &[("method", Type::Text), ("path", Type::Text), ("host", Type::Text), ("headers", Type::Map)]),
    ("task", &[("name", Type::Text), ("actor", Type::Text)]),
];

/// The variables of the language.
pub(super) const VARIABLES: [&str; 5] = ["now", "request", "peer", "instance", "task"];

/// The names that the guards of one workflow may read.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary {
    attributes: BTreeMap<String, Type>,
}

impl Vocabulary {
    /// With the attributes of all actors. An attribute with different types in two actors has the type `Any`.
    pub(crate) fn new<'a>(attributes: impl IntoIterator<Item = (&'a String, &'a Attribute)>) -> Self {
        let mut types: BTreeMap<String, Type> = BTreeMap::new();
        for (name, value) in attributes {
            let of = match value {
                Attribute::Bool(_) => Type::Bool,
                Attribute::Int(_) | Attribute::Float(_) => Type::Number,
                Attribute::Text(_) => Type::Text,
            };
            let entry = types.entry(name.clone()).or_insert(of);
            if *entry != of {
                *entry = Type::Any;
            }
        }
        Self { attributes: types }
    }

    /// The type of the attribute `name`.
    pub(super) fn attribute(&self, name: &str) -> Option<Type> {
        self.attributes.get(name).copied()
    }

    /// The names of all attributes.
    pub(super) fn attributes(&self) -> impl Iterator<Item = &str> {
        self.attributes.keys().map(String::as_str)
    }

    /// The type of `record.field`.
    pub(super) fn field(&self, record: &str, field: &str) -> Option<Type> {
        let own = fields(record).iter().find(|(name, _)| *name == field).map(|(_, of)| *of);
        own.or_else(|| (record == "peer").then(|| self.attribute(field)).flatten())
    }

    /// All fields of `record`.
    pub(super) fn fields(&self, record: &str) -> Vec<&str> {
        let own = fields(record).iter().map(|(name, _)| *name);
        if record == "peer" { own.chain(self.attributes()).collect() } else { own.collect() }
    }
}

/// Whether `name` is a variable that has fields.
pub(super) fn is_record(name: &str) -> bool {
    RECORDS.iter().any(|(record, _)| *record == name)
}

fn fields(record: &str) -> &'static [(&'static str, Type)] {
    RECORDS.iter().find(|(name, _)| *name == record).map_or(&[], |(_, fields)| fields)
}
