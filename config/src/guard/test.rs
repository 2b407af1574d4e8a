//! A guard as a test of values that are chosen.

use std::ops::RangeInclusive;

use super::known::Possible;
use super::{Comparison, Extent, Pattern, Scalar, as_double, order};

/// A part of a guard whose value is chosen.
pub(super) struct Choice {
    pub(super) values: Vec<Possible>,
    /// Whether these are all that it can have, and not only those that make a difference in comparisons.
    pub(super) is_known: bool,
    /// Whether it is a whole number.
    pub(super) is_whole: bool,
    /// The smallest and the largest value, if it is a whole number with bounds.
    pub(super) range: Option<RangeInclusive<i64>>,
}

/// A condition on chosen values, by number.
pub(super) enum Test {
    Is(Option<bool>),
    Chosen(usize),
    Has(usize),
    Not(Box<Test>),
    All(Vec<Test>),
    Any(Vec<Test>),
    Either(Box<[Test; 3]>),
    /// Whether one is true, if none fails.
    OneOf(Vec<Test>),
    Compare(Comparison, Operand, Operand),
    Contains(Extent, usize, String),
    Matches(usize, Pattern),
}

/// A side of a comparison.
#[derive(Clone)]
pub(super) enum Operand {
    Constant(Possible),
    Chosen(usize),
}

impl Choice {
    /// Numbers between those that are compared, and no values that it cannot have.
    pub(super) fn complete(&mut self) {
        if self.is_known {
            return;
        }
        if let Some(range) = &self.range {
            self.values.retain(|value| !matches!(value, Some(Scalar::Int(value)) if !range.contains(value)));
        }
        if !self.is_whole {
            let number = |value: &Possible| match value {
                Some(Scalar::Int(value)) => Some(as_double(*value)),
                Some(Scalar::Double(value)) => Some(*value),
                _ => None,
            };
            let mut numbers: Vec<f64> = self.values.iter().filter_map(number).collect();
            numbers.sort_by(f64::total_cmp);
            let between = numbers.iter().zip(numbers.iter().skip(1)).map(|(one, next)| f64::midpoint(*one, *next));
            self.values.extend(between.map(|value| Some(Scalar::Double(value))));
        }
        if self.values.is_empty() {
            // Nothing depends on it.
            self.values.push(None);
        }
    }
}

impl Test {
    /// Its parts.
    pub(super) fn size(&self) -> usize {
        let sum = |tests: &[Self]| tests.iter().map(Self::size).fold(1, usize::saturating_add);
        match self {
            Self::Not(of) => of.size().saturating_add(1),
            Self::All(tests) | Self::Any(tests) | Self::OneOf(tests) => sum(tests),
            Self::Either(tests) => sum(&**tests),
            // A pattern takes its time.
            Self::Matches(..) => 256,
            Self::Is(_) | Self::Chosen(_) | Self::Has(_) | Self::Compare(..) | Self::Contains(..) => 1,
        }
    }

    /// Its truth with these values; none: it fails.
    pub(super) fn truth(&self, chosen: &[&Possible]) -> Option<bool> {
        let value = |number: &usize| chosen.get(*number).and_then(|value| value.as_ref());
        match self {
            Self::Is(value) => *value,
            Self::Chosen(number) => as_bool(value(number)?),
            Self::Has(number) => Some(value(number).is_some()),
            Self::Not(of) => of.truth(chosen).map(|value| !value),
            Self::All(tests) => joined(tests.iter().map(|test| test.truth(chosen)), false),
            Self::Any(tests) => joined(tests.iter().map(|test| test.truth(chosen)), true),
            Self::Either(tests) => {
                let [condition, yes, no] = &**tests;
                if condition.truth(chosen)? { yes.truth(chosen) } else { no.truth(chosen) }
            }
            Self::OneOf(tests) => tests.iter().try_fold(false, |found, test| Some(test.truth(chosen)? || found)),
            Self::Compare(comparison, a, b) => {
                let side = |operand: &Operand| match operand {
                    Operand::Constant(value) => value.clone(),
                    Operand::Chosen(number) => value(number).cloned(),
                };
                Some(comparison.holds(order(&side(a)?, &side(b)?)?))
            }
            Self::Contains(extent, number, within) => Some(extent.holds(as_text(value(number)?)?, within)),
            Self::Matches(number, pattern) => pattern.is_match(as_text(value(number)?)?),
        }
    }
}

pub(super) fn as_bool(value: &Scalar<'static>) -> Option<bool> {
    if let Scalar::Bool(value) = value { Some(*value) } else { None }
}

pub(super) fn as_text<'v>(value: &'v Scalar<'static>) -> Option<&'v str> {
    if let Scalar::Text(text) = value { Some(text) } else { None }
}

/// Whether one is `decisive`. A part that fails counts only where none is.
fn joined(parts: impl Iterator<Item = Option<bool>>, decisive: bool) -> Option<bool> {
    let mut fails = false;
    for part in parts {
        match part {
            Some(value) if value == decisive => return Some(decisive),
            Some(_) => {}
            None => fails = true,
        }
    }
    (!fails).then_some(!decisive)
}
