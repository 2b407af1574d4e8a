//! A checked guard in the form that gates evaluate: names are resolved, literals are converted, patterns are compiled.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use super::conversion::Conversion;
use super::form::{table, text};
use super::pattern::Pattern;
use super::scalar::Scalar;
use super::syntax::{Arithmetic, Comparison, Kind, Literal, Node, Operator};
use super::vocabulary::Table;
use super::zone::Zone;
use crate::sorted::SortedMap;

/// A part of a checked guard, typed when it was checked. Its value is a bool, or what the name says.
#[derive(Debug, Clone)]
pub enum Condition {
    /// A literal.
    Literal(Scalar<'static>),
    /// A value that each request has.
    Variable(Variable),
    /// An entry of a table.
    Entry(Entry, Box<str>),
    /// Whether a table has the entry.
    Has(Entry, Box<str>),
    /// The opposite.
    Not(Box<Condition>),
    /// Whether all are true: false where one is, whatever the others are.
    All(Vec<Condition>),
    /// Whether one is true: true where one is, whatever the others are.
    Any(Vec<Condition>),
    /// The second where the first is true, else the third.
    Choice(Box<[Condition; 3]>),
    /// A comparison.
    Compare(Comparison, Box<[Condition; 2]>),
    /// Whether the first is equal to one of the others.
    OneOf(Box<Condition>, Vec<Condition>),
    /// A number, a text, a time or a duration.
    Arithmetic(Arithmetic, Box<[Condition; 2]>),
    /// The negative number.
    Negate(Box<Condition>),
    /// Whether the first text contains the second.
    Contains(Extent, Box<[Condition; 2]>),
    /// Whether the pattern matches somewhere in the text.
    Matches(Box<Condition>, Pattern),
    /// The number of characters of a text.
    Size(Box<Condition>),
    /// A field of a time, in a zone; without one, in UTC.
    Field(TimeField, Box<Condition>, Option<Zone>),
    /// A conversion.
    Convert(Conversion, Box<Condition>),
}

/// Where a text contains another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "their names say it")]
pub enum Extent {
    Start,
    End,
    Anywhere,
}

/// A value that each request has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "their names say it")]
pub enum Variable {
    Now,
    Method,
    Path,
    Host,
    PeerId,
    PeerActor,
    InstanceId,
    InstanceRevision,
    TaskName,
    TaskActor,
}

/// A table with entries that may be absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "their names say it")]
pub enum Entry {
    Header,
    Parameter,
    Attribute,
}

/// A field of a time (CEL, "Timestamp functions").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "their names say it")]
pub enum TimeField {
    FullYear,
    Month,
    Date,
    DayOfMonth,
    DayOfWeek,
    DayOfYear,
    Hours,
    Minutes,
    Seconds,
    Milliseconds,
}

impl Condition {
    /// The parts of which it consists.
    pub(crate) fn parts(&self) -> Vec<&Self> {
        match self {
            Self::Literal(_) | Self::Variable(_) | Self::Entry(..) | Self::Has(..) => Vec::new(),
            Self::Not(of) | Self::Negate(of) | Self::Size(of) | Self::Matches(of, _) => vec![of],
            Self::Field(_, of, _) | Self::Convert(_, of) => vec![of],
            Self::All(parts) | Self::Any(parts) => parts.iter().collect(),
            Self::Choice(parts) => parts.iter().collect(),
            Self::Compare(_, parts) | Self::Arithmetic(_, parts) | Self::Contains(_, parts) => parts.iter().collect(),
            Self::OneOf(element, items) => std::iter::once(&**element).chain(items).collect(),
        }
    }
}

impl Extent {
    /// Whether the text contains the part there.
    pub fn holds(self, text: &str, part: &str) -> bool {
        match self {
            Self::Start => text.starts_with(part),
            Self::End => text.ends_with(part),
            Self::Anywhere => text.contains(part),
        }
    }

    /// The extent of `x.name(part)`; none where the function is another one.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "startsWith" => Some(Self::Start),
            "endsWith" => Some(Self::End),
            "contains" => Some(Self::Anywhere),
            _ => None,
        }
    }
}

impl TimeField {
    const ALL: [(&str, Self); 10] = [
        ("getFullYear", Self::FullYear),
        ("getMonth", Self::Month),
        ("getDate", Self::Date),
        ("getDayOfMonth", Self::DayOfMonth),
        ("getDayOfWeek", Self::DayOfWeek),
        ("getDayOfYear", Self::DayOfYear),
        ("getHours", Self::Hours),
        ("getMinutes", Self::Minutes),
        ("getSeconds", Self::Seconds),
        ("getMilliseconds", Self::Milliseconds),
    ];

    /// The field of `time.name()`; none where the function is another one.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(other, _)| *other == name).map(|(_, field)| *field)
    }

    /// The smallest and the largest value (CEL, "Timestamp functions"); none where there are no bounds.
    pub(super) fn range(self) -> Option<RangeInclusive<i64>> {
        match self {
            Self::FullYear => None,
            Self::Month => Some(0..=11),
            Self::Date => Some(1..=31),
            Self::DayOfMonth => Some(0..=30),
            Self::DayOfWeek => Some(0..=6),
            Self::DayOfYear => Some(0..=365),
            Self::Hours => Some(0..=23),
            Self::Minutes | Self::Seconds => Some(0..=59),
            Self::Milliseconds => Some(0..=999),
        }
    }

    /// The function of the language.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, field)| *field == self).map_or("", |(name, _)| name)
    }
}

/// The condition of a checked guard; none if the guard has a part that the check should have rejected.
pub(super) fn condition(node: &Node, patterns: &SortedMap<String, Pattern>) -> Option<Condition> {
    Lowering { patterns }.lower(node)
}

struct Lowering<'a> {
    patterns: &'a SortedMap<String, Pattern>,
}

impl Lowering<'_> {
    fn lower(&self, node: &Node) -> Option<Condition> {
        match &node.kind {
            Kind::Literal(value) => Some(Condition::Literal(match value {
                Literal::Bool(value) => Scalar::Bool(*value),
                Literal::Int(value) => Scalar::Int(*value),
                Literal::Double(value) => Scalar::Double(*value),
                Literal::Text(value) => Scalar::Text(Cow::Owned(value.clone())),
                Literal::Other => return None,
            })),
            Kind::Name(name) => (name == "now").then_some(Condition::Variable(Variable::Now)),
            Kind::Select { of, field, test } => read(of, field, *test),
            Kind::Index { of, key } => read(of, text(key)?, false),
            Kind::Operation(operator, operands) => self.operation(*operator, operands),
            Kind::Call { name, target, arguments } => {
                let all: Vec<&Node> = target.as_deref().into_iter().chain(arguments).collect();
                let (first, rest) = all.split_first()?;
                self.call(name, first, rest)
            }
            Kind::List(_) => None,
        }
    }

    fn all(&self, nodes: &[Node]) -> Option<Vec<Condition>> {
        nodes.iter().map(|node| self.lower(node)).collect()
    }

    fn boxed(&self, node: &Node) -> Option<Box<Condition>> {
        self.lower(node).map(Box::new)
    }

    fn pair(&self, a: &Node, b: &Node) -> Option<Box<[Condition; 2]>> {
        Some(Box::new([self.lower(a)?, self.lower(b)?]))
    }

    fn operation(&self, operator: Operator, operands: &[Node]) -> Option<Condition> {
        Some(match (operator, operands) {
            (Operator::And, operands) => Condition::All(self.all(operands)?),
            (Operator::Or, operands) => Condition::Any(self.all(operands)?),
            (Operator::Not, [operand]) => Condition::Not(self.boxed(operand)?),
            (Operator::Negate, [operand]) => Condition::Negate(self.boxed(operand)?),
            (Operator::Conditional, [condition, yes, no]) => {
                Condition::Choice(Box::new([self.lower(condition)?, self.lower(yes)?, self.lower(no)?]))
            }
            (Operator::Compare(comparison), [a, b]) => Condition::Compare(comparison, self.pair(a, b)?),
            (Operator::Arithmetic(of), [a, b]) => Condition::Arithmetic(of, self.pair(a, b)?),
            (Operator::In, [element, within]) => match (table(within), &within.kind) {
                (Some(table), _) => Condition::Has(entry(table), text(element)?.into()),
                (None, Kind::List(items)) => Condition::OneOf(self.boxed(element)?, self.all(items)?),
                (None, _) => return None,
            },
            _ => return None,
        })
    }

    fn call(&self, name: &str, first: &Node, rest: &[&Node]) -> Option<Condition> {
        let (extent, field) = (Extent::named(name), TimeField::named(name));
        Some(match (name, rest) {
            ("size", []) => Condition::Size(self.boxed(first)?),
            ("matches", [pattern]) => {
                Condition::Matches(self.boxed(first)?, self.patterns.get(text(pattern)?)?.clone())
            }
            (_, [part]) if extent.is_some() => Condition::Contains(extent?, self.pair(first, part)?),
            (_, []) if field.is_some() => Condition::Field(field?, self.boxed(first)?, None),
            (_, [zone]) if field.is_some() => {
                Condition::Field(field?, self.boxed(first)?, Some(Zone::read(text(zone)?)?))
            }
            (name, []) => self.conversion(Conversion::named(name)?, first)?,
            _ => return None,
        })
    }

    /// A conversion; that of a literal is done here, unless it fails.
    fn conversion(&self, conversion: Conversion, of: &Node) -> Option<Condition> {
        let part = self.lower(of)?;
        let converted = if let Condition::Literal(value) = &part { conversion.of(value.clone()) } else { None };
        Some(match converted {
            Some(value) => Condition::Literal(value),
            None => Condition::Convert(conversion, Box::new(part)),
        })
    }
}

/// A member of a record or of a table, or whether there is one.
fn read(of: &Node, name: &str, test: bool) -> Option<Condition> {
    if let Some(table) = table(of) {
        return Some(if test {
            Condition::Has(entry(table), name.into())
        } else {
            Condition::Entry(entry(table), name.into())
        });
    }
    let Kind::Name(record) = &of.kind else { return None };
    let variable = match (record.as_str(), name) {
        ("request", "method") => Variable::Method,
        ("request", "path") => Variable::Path,
        ("request", "host") => Variable::Host,
        ("peer", "id") => Variable::PeerId,
        ("peer", "actor") => Variable::PeerActor,
        ("instance", "id") => Variable::InstanceId,
        ("instance", "revision") => Variable::InstanceRevision,
        ("task", "name") => Variable::TaskName,
        ("task", "actor") => Variable::TaskActor,
        ("peer", name) if test => return Some(Condition::Has(Entry::Attribute, name.into())),
        ("peer", name) => return Some(Condition::Entry(Entry::Attribute, name.into())),
        _ => return None,
    };
    Some(if test { Condition::Literal(Scalar::Bool(true)) } else { Condition::Variable(variable) })
}

fn entry(table: Table) -> Entry {
    match table {
        Table::Headers => Entry::Header,
        Table::Query => Entry::Parameter,
        Table::Attributes => Entry::Attribute,
    }
}
