//! The names that a guard may read, and their types.

use super::error::{MAX_HOST, MAX_ID, MAX_METHOD, MAX_TEXT};
use crate::bounds::MAX_ATTRIBUTE;
use crate::name::MAX_NAME;
use crate::sorted::{SortedMap, SortedSet};
use crate::workflow::Attribute;

/// The type of a value in a guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Bool,
    Int,
    Double,
    /// A whole number or a double: an attribute that is one for one actor and the other for another.
    Number,
    Text,
    Time,
    Span,
    /// Not known, because of an error that has been reported.
    Unknown,
}

impl Type {
    /// Whether a value of this type is one of these.
    pub(super) fn is_one_of(self, types: &[Self]) -> bool {
        self == Self::Unknown || types.contains(&self) || types.contains(&Self::Unknown)
    }

    /// Whether CEL compares the two types.
    pub(super) fn compares_with(self, other: Self) -> bool {
        const NUMBERS: [Type; 3] = [Type::Int, Type::Double, Type::Number];
        self.is_one_of(&[other]) || (NUMBERS.contains(&self) && NUMBERS.contains(&other))
    }

    /// The type's name, with its article.
    pub(super) fn type_name(self) -> &'static str {
        match self {
            Self::Bool => "a bool",
            Self::Int => "a whole number",
            Self::Double => "a double",
            Self::Number => "a whole number or a double",
            Self::Text => "a string",
            Self::Time => "a timestamp",
            Self::Span => "a duration",
            Self::Unknown => "a value",
        }
    }
}

/// A value in a guard, as far as it is known before the guard is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) of: Type,
    /// The length of the longest text that it can be, in bytes.
    pub(super) longest: usize,
}

impl Value {
    pub(super) const UNKNOWN: Self = Self { of: Type::Unknown, longest: 0 };

    /// A value that is not a text.
    pub(super) const fn plain(of: Type) -> Self {
        Self { of, longest: 0 }
    }

    pub(super) const fn text(longest: usize) -> Self {
        Self { of: Type::Text, longest }
    }
}

/// A map of the language whose keys are names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Headers,
    Query,
    Attributes,
}

/// A field of a variable.
#[derive(Debug, Clone, Copy)]
pub(super) enum Field {
    Value(Value),
    Table(Table),
    /// An attribute whose types in two actors no operator takes both of.
    Mixed,
}

/// The variables whose fields guards read, and these fields. `peer` has the attributes, too.
const RECORDS: &[(&str, &[(&str, Field)])] = &[
    ("instance", &[("id", Field::Value(Value::text(MAX_ID))), ("revision", Field::Value(Value::plain(Type::Int)))]),
    (
        "peer",
        &[
            ("id", Field::Value(Value::text(MAX_ID))),
            ("actor", Field::Value(Value::text(MAX_NAME))),
            ("attributes", Field::Table(Table::Attributes)),
        ],
    ),
    (
        "request",
        &[
            ("method", Field::Value(Value::text(MAX_METHOD))),
            ("path", Field::Value(Value::text(MAX_TEXT))),
            ("host", Field::Value(Value::text(MAX_HOST))),
            ("headers", Field::Table(Table::Headers)),
            ("query", Field::Table(Table::Query)),
        ],
    ),
    ("task", &[("name", Field::Value(Value::text(MAX_NAME))), ("actor", Field::Value(Value::text(MAX_NAME)))]),
];

/// The variables of the language.
pub(super) const VARIABLES: [&str; 5] = ["now", "request", "peer", "instance", "task"];

/// The names that the guards of one workflow may read.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary {
    attributes: SortedMap<String, Field>,
    /// The names of all tasks and of all actors, and the SPIFFE IDs of the actors.
    pub(crate) tasks: SortedSet<String>,
    pub(crate) actors: SortedSet<String>,
    pub(crate) ids: SortedSet<String>,
    /// Whether workloads with other SPIFFE IDs may be actors, too.
    pub(crate) open: bool,
}

impl Vocabulary {
    /// With the attributes of all actors, and no other names.
    pub(crate) fn new<'a>(attributes: impl IntoIterator<Item = (&'a String, &'a Attribute)>) -> Self {
        let mut types: SortedMap<String, Field> = SortedMap::new();
        for (name, value) in attributes {
            let value = match value {
                Attribute::Bool(_) => Value::plain(Type::Bool),
                Attribute::Int(_) => Value::plain(Type::Int),
                Attribute::Float(_) => Value::plain(Type::Double),
                Attribute::Text(_) => Value::text(MAX_ATTRIBUTE),
            };
            let field = match types.get(name) {
                None => Field::Value(value),
                Some(Field::Value(other)) if *other == value => continue,
                Some(Field::Value(other)) if other.of.compares_with(value.of) => {
                    Field::Value(Value::plain(Type::Number))
                }
                Some(_) => Field::Mixed,
            };
            types.insert(name.clone(), field);
        }
        Self { attributes: types, ..Self::default() }
    }

    /// The attribute `name`.
    pub(super) fn attribute(&self, name: &str) -> Option<Field> {
        self.attributes.get(name).copied()
    }

    /// The names of all attributes.
    pub(super) fn attributes(&self) -> impl Iterator<Item = &str> {
        self.attributes.keys().map(String::as_str)
    }

    /// The field `record.field`.
    pub(super) fn field(&self, record: &str, field: &str) -> Option<Field> {
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

/// The table `record.field`.
pub(super) fn table(record: &str, field: &str) -> Option<Table> {
    fields(record).iter().find_map(|(name, of)| match of {
        Field::Table(table) if *name == field => Some(*table),
        Field::Table(_) | Field::Value(_) | Field::Mixed => None,
    })
}

fn fields(record: &str) -> &'static [(&'static str, Field)] {
    RECORDS.iter().find(|(name, _)| *name == record).map_or(&[], |(_, fields)| fields)
}
