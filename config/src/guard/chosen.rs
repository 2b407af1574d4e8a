//! From a checked guard to a test of values: which values it depends on, and which of each make a difference.

use std::borrow::Cow;
use std::cmp::Ordering;

use chrono::TimeDelta;

use super::known::{Known, Leaf, Possible};
use super::test::{Choice, Operand, Test, as_bool, as_text};
use super::{Comparison, Condition, Conversion, Extent, Scalar};
use crate::sorted::SortedMap;

/// The values that are chosen.
pub(super) struct Tests<'k, K> {
    known: &'k K,
    choices: Vec<Choice>,
    /// The number of each, by its text: parts of one text have one value.
    numbers: SortedMap<String, usize>,
}

impl<'k, K: Known> Tests<'k, K> {
    /// A guard as a test of values, and the choices of these.
    pub(super) fn of(condition: &Condition, known: &'k K) -> (Test, Vec<Choice>) {
        let mut tests = Self { known, choices: Vec::new(), numbers: SortedMap::new() };
        let test = tests.test(condition);
        tests.choices.iter_mut().for_each(Choice::complete);
        (test, tests.choices)
    }

    fn test(&mut self, part: &Condition) -> Test {
        match part {
            Condition::Not(of) => Test::Not(Box::new(self.test(of))),
            Condition::All(parts) => Test::All(parts.iter().map(|part| self.test(part)).collect()),
            Condition::Any(parts) => Test::Any(parts.iter().map(|part| self.test(part)).collect()),
            Condition::Choice(parts) => {
                let [condition, yes, no] = &**parts;
                Test::Either(Box::new([self.test(condition), self.test(yes), self.test(no)]))
            }
            Condition::Has(entry, name) => Test::Has(self.leaf(Leaf::Entry(*entry, name))),
            Condition::Compare(comparison, parts) => {
                let [a, b] = &**parts;
                self.compare(*comparison, a, b)
            }
            Condition::OneOf(element, items) => {
                Test::OneOf(items.iter().map(|item| self.compare(Comparison::Equal, element, item)).collect())
            }
            Condition::Contains(extent, parts) => {
                let [text, within] = &**parts;
                self.contains(*extent, text, within).unwrap_or_else(|| self.open(text_of(part)))
            }
            Condition::Matches(of, pattern) => match self.operand(of) {
                Operand::Constant(text) => Test::Is(text.and_then(|text| pattern.is_match(as_text(&text)?))),
                Operand::Chosen(number) if self.is_known(number) => Test::Matches(number, pattern.clone()),
                Operand::Chosen(_) => self.open(text_of(part)),
            },
            Condition::Literal(_)
            | Condition::Variable(_)
            | Condition::Entry(..)
            | Condition::Arithmetic(..)
            | Condition::Negate(_)
            | Condition::Size(_)
            | Condition::Field(..)
            | Condition::Convert(..) => match self.operand(part) {
                Operand::Constant(value) => Test::Is(value.as_ref().and_then(as_bool)),
                Operand::Chosen(number) if self.is_known(number) => Test::Chosen(number),
                Operand::Chosen(_) => self.open(text_of(part)),
            },
        }
    }

    /// A part that may be true, be false or fail.
    fn open(&mut self, text: String) -> Test {
        let values = vec![Some(Scalar::Bool(true)), Some(Scalar::Bool(false)), None];
        let choice = Choice { values, is_known: true, is_whole: false, range: None };
        Test::Chosen(self.number(format!("open {text}"), choice))
    }

    fn number(&mut self, key: String, choice: Choice) -> usize {
        let next = self.choices.len();
        let number = *self.numbers.entry(key).or_insert(next);
        if number == next {
            self.choices.push(choice);
        }
        number
    }

    fn leaf(&mut self, leaf: Leaf<'_>) -> usize {
        let known = self.known.values(leaf);
        let is_known = known.is_some();
        // A request without another value is denied before.
        let other = || Some(Scalar::Text(Cow::Borrowed("\0")));
        let absent = || if matches!(leaf, Leaf::Entry(..)) { vec![None, other()] } else { vec![other()] };
        let values = known.unwrap_or_else(absent);
        self.number(format!("{leaf:?}"), Choice { values, is_known, is_whole: false, range: None })
    }

    fn is_known(&self, number: usize) -> bool {
        self.choices.get(number).is_some_and(|choice| choice.is_known)
    }

    fn operand(&mut self, part: &Condition) -> Operand {
        if let Condition::Literal(value) = part {
            return Operand::Constant(Some(value.clone()));
        }
        if let Some(leaf) = leaf(part) {
            let number = self.leaf(leaf);
            return match self.choices.get(number) {
                Some(Choice { values, is_known: true, .. }) if values.len() == 1 => {
                    Operand::Constant(values.first().cloned().flatten())
                }
                _ => Operand::Chosen(number),
            };
        }
        let constant = if let Condition::Convert(of, value) = part {
            self.constant(value).map(|value| of.of(value?))
        } else if let Condition::Size(text) = part {
            self.constant(text).map(|text| size(&text?))
        } else if let Condition::Negate(of) = part {
            self.constant(of).map(|value| negated(&value?))
        } else {
            None
        };
        if let Some(constant) = constant {
            return Operand::Constant(constant);
        }
        let range = if let Condition::Field(field, ..) = part {
            field.range()
        } else {
            matches!(part, Condition::Size(_)).then_some(0..=i64::MAX)
        };
        let is_whole =
            matches!(part, Condition::Field(..) | Condition::Size(_) | Condition::Convert(Conversion::Int, _));
        Operand::Chosen(self.number(text_of(part), Choice { values: vec![None], is_known: false, is_whole, range }))
    }

    fn constant(&mut self, part: &Condition) -> Option<Possible> {
        if let Operand::Constant(value) = self.operand(part) { Some(value) } else { None }
    }

    fn compare(&mut self, comparison: Comparison, a: &Condition, b: &Condition) -> Test {
        let (left, right) = (self.operand(a), self.operand(b));
        match (&left, &right) {
            (Operand::Constant(_), Operand::Constant(_)) => {}
            (Operand::Chosen(one), Operand::Chosen(other)) => {
                if one == other || !(self.is_known(*one) && self.is_known(*other)) {
                    return self.open_comparison(comparison, a, b);
                }
            }
            (Operand::Chosen(number), Operand::Constant(value)) => self.tell(*number, leaf(a), value.as_ref()),
            (Operand::Constant(value), Operand::Chosen(number)) => self.tell(*number, leaf(b), value.as_ref()),
        }
        Test::Compare(comparison, left, right)
    }

    /// A comparison of two values of which nothing tells the order.
    fn open_comparison(&mut self, comparison: Comparison, a: &Condition, b: &Condition) -> Test {
        let [a, b] = [text_of(a), text_of(b)];
        let order = [Ordering::Less, Ordering::Equal, Ordering::Greater].map(|order| {
            let order = if a <= b { order } else { order.reverse() };
            Some(Scalar::Int(order as i64))
        });
        let same = [Some(Scalar::Int(0)), None];
        let values = if a == b { same.to_vec() } else { order.into_iter().chain([None]).collect() };
        let (first, second) = if a <= b { (&a, &b) } else { (&b, &a) };
        let choice = Choice { values, is_known: true, is_whole: true, range: None };
        let number = self.number(format!("order {first} {second}"), choice);
        let zero = Operand::Constant(Some(Scalar::Int(0)));
        match a <= b {
            true => Test::Compare(comparison, Operand::Chosen(number), zero),
            false => Test::Compare(comparison, zero, Operand::Chosen(number)),
        }
    }

    /// Adds the values that make a difference beside this one.
    fn tell(&mut self, number: usize, leaf: Option<Leaf<'_>>, value: Option<&Scalar<'static>>) {
        let known = self.known;
        let may_be = |value: &Scalar<'static>| match (leaf, as_text(value)) {
            (Some(leaf), Some(text)) => text.contains('\0') || known.may_be(leaf, text),
            _ => true,
        };
        let Some(choice) = self.choices.get_mut(number).filter(|choice| !choice.is_known) else { return };
        for value in value.map(around).unwrap_or_default().into_iter().filter(may_be).map(Some) {
            if !choice.values.contains(&value) {
                choice.values.push(value);
            }
        }
    }

    /// None: nothing tells it.
    fn contains(&mut self, extent: Extent, text: &Condition, within: &Condition) -> Option<Test> {
        let within = match self.constant(within)? {
            Some(within) => as_text(&within)?.to_owned(),
            None => return Some(Test::Is(None)),
        };
        match self.operand(text) {
            Operand::Constant(text) => {
                Some(Test::Is(text.as_ref().and_then(as_text).map(|text| extent.holds(text, &within))))
            }
            Operand::Chosen(number) if self.is_known(number) => Some(Test::Contains(extent, number, within)),
            Operand::Chosen(_) if extent == Extent::Start => {
                Some(Test::Is(Some(self.known.begins(leaf(text)?, &within)?)))
            }
            Operand::Chosen(_) => None,
        }
    }
}

fn leaf(part: &Condition) -> Option<Leaf<'_>> {
    if let Condition::Variable(variable) = part {
        return Some(Leaf::Variable(*variable));
    }
    if let Condition::Entry(entry, name) = part { Some(Leaf::Entry(*entry, name)) } else { None }
}

fn text_of(part: &Condition) -> String {
    format!("{part:?}")
}

fn size(text: &Scalar<'static>) -> Possible {
    i64::try_from(as_text(text)?.chars().count()).ok().map(Scalar::Int)
}

fn negated(value: &Scalar<'static>) -> Possible {
    match value {
        Scalar::Int(value) => value.checked_neg().map(Scalar::Int),
        Scalar::Double(value) => Some(Scalar::Double(-value)),
        Scalar::Bool(_) | Scalar::Text(_) | Scalar::Time(_) | Scalar::Span(_) => None,
    }
}

/// A value, and the nearest others of its type.
fn around(value: &Scalar<'static>) -> Vec<Scalar<'static>> {
    let instant = TimeDelta::nanoseconds(1);
    match value {
        Scalar::Bool(_) => [true, false].map(Scalar::Bool).to_vec(),
        Scalar::Int(value) => {
            let near = [value.checked_sub(1), Some(*value), value.checked_add(1)];
            near.into_iter().flatten().map(Scalar::Int).collect()
        }
        Scalar::Double(value) => [value - 1.0, *value, value + 1.0].map(Scalar::Double).to_vec(),
        // No request has a text with such a character, which comes before all others.
        Scalar::Text(text) => {
            let texts = ["\0".to_owned(), text.to_string(), format!("{text}\0")];
            texts.map(|text| Scalar::Text(Cow::Owned(text))).to_vec()
        }
        Scalar::Time(time) => {
            let near = [time.checked_sub_signed(instant), Some(*time), time.checked_add_signed(instant)];
            near.into_iter().flatten().map(Scalar::Time).collect()
        }
        Scalar::Span(span) => {
            let near = [span.checked_sub(&instant), Some(*span), span.checked_add(&instant)];
            near.into_iter().flatten().map(Scalar::Span).collect()
        }
    }
}
