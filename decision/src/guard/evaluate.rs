//! The value of a checked guard, by the rules of CEL ("Runtime Errors", "Logical Operators", "Overflow").

use std::borrow::Cow;

use chrono::{DateTime, Datelike, Timelike, Utc};
use stepgate_config::guard::{
    Arithmetic, Condition, Entry, Reads, Scalar, TimeField, Variable, Zone, in_range, order, span_in_range,
};
use stepgate_config::workflow::Attribute;

use super::failure::GuardFailure;
use super::readable::Readable;
use super::variables::Variables;

/// What a guard is evaluated with.
pub(super) struct Evaluation<'a> {
    pub(super) variables: &'a Variables<'a>,
    pub(super) request: &'a Readable<'a>,
    pub(super) reads: &'a Reads,
    pub(super) now: DateTime<Utc>,
}

impl<'a> Evaluation<'a> {
    /// The value of a condition.
    pub(super) fn truth(&self, part: &'a Condition) -> Result<bool, GuardFailure> {
        match self.value(part)? {
            Scalar::Bool(value) => Ok(value),
            Scalar::Int(_) | Scalar::Double(_) | Scalar::Text(_) | Scalar::Time(_) | Scalar::Span(_) => {
                Err(GuardFailure::Operator)
            }
        }
    }

    fn value(&self, part: &'a Condition) -> Result<Scalar<'a>, GuardFailure> {
        Ok(match part {
            Condition::Literal(value) => borrowed(value),
            Condition::Variable(variable) => self.variable(*variable)?,
            Condition::Entry(entry, name) => {
                self.entry(*entry, name).ok_or_else(|| GuardFailure::absent(&self.request.absent(self.reads)))?
            }
            Condition::Has(entry, name) => Scalar::Bool(self.entry(*entry, name).is_some()),
            Condition::Not(of) => Scalar::Bool(!self.truth(of)?),
            Condition::All(parts) => Scalar::Bool(self.joined(parts, false)?),
            Condition::Any(parts) => Scalar::Bool(self.joined(parts, true)?),
            Condition::Choice(parts) => {
                let [condition, yes, no] = &**parts;
                self.value(if self.truth(condition)? { yes } else { no })?
            }
            Condition::Compare(comparison, parts) => {
                let [a, b] = &**parts;
                let order = order(&self.value(a)?, &self.value(b)?).ok_or(GuardFailure::Operator)?;
                Scalar::Bool(comparison.holds(order))
            }
            Condition::OneOf(element, items) => Scalar::Bool(self.one_of(element, items)?),
            Condition::Arithmetic(operator, parts) => {
                let [a, b] = &**parts;
                arithmetic(*operator, self.value(a)?, self.value(b)?)?.ok_or(GuardFailure::Arithmetic)?
            }
            Condition::Negate(of) => negated(&self.value(of)?)?,
            Condition::Contains(extent, parts) => {
                let [text, part] = &**parts;
                let (text, part) = (self.text(text)?, self.text(part)?);
                Scalar::Bool(extent.holds(&text, &part))
            }
            Condition::Matches(text, pattern) => {
                let found = pattern.is_match(&self.text(text)?);
                Scalar::Bool(found.ok_or_else(|| GuardFailure::call("matches", self.reads))?)
            }
            Condition::Size(text) => {
                Scalar::Int(i64::try_from(self.text(text)?.chars().count()).map_err(|_| GuardFailure::Arithmetic)?)
            }
            Condition::Field(field, time, zone) => self.field(*field, time, zone.as_ref())?,
            Condition::Convert(conversion, of) => {
                let failure = || GuardFailure::call(conversion.name(), self.reads);
                conversion.of(self.value(of)?).ok_or_else(failure)?
            }
        })
    }

    fn variable(&self, variable: Variable) -> Result<Scalar<'a>, GuardFailure> {
        let variables = self.variables;
        let text = match variable {
            Variable::Now => return Ok(Scalar::Time(self.now)),
            Variable::InstanceRevision if variables.instance.is_some() => {
                return Ok(Scalar::Int(variables.revision.into()));
            }
            Variable::InstanceRevision => None,
            Variable::InstanceId => variables.instance,
            Variable::Method => self.request.method,
            Variable::Path => self.request.path.as_deref(),
            Variable::Host => self.request.host.as_deref(),
            Variable::PeerId => Some(variables.peer.as_str()),
            Variable::PeerActor => Some(variables.peer_actor.name.as_str()),
            Variable::TaskName => Some(variables.task.name.as_str()),
            Variable::TaskActor => Some(variables.task.performer.name.as_str()),
        };
        // A check at configure time found that the guard reads these parts.
        text.map(|text| Scalar::Text(Cow::Borrowed(text))).ok_or(GuardFailure::Operator)
    }

    fn entry(&self, entry: Entry, name: &str) -> Option<Scalar<'a>> {
        let text = |text: &'a str| Scalar::Text(Cow::Borrowed(text));
        match entry {
            Entry::Header => {
                self.request.headers.iter().find(|(other, _)| *other == name).map(|(_, value)| text(value))
            }
            Entry::Parameter => {
                self.request.query.iter().find(|(other, _)| *other == name).map(|(_, value)| text(value))
            }
            Entry::Attribute => {
                let Variables { peer_actor, peer, .. } = self.variables;
                peer_actor.attribute(peer, name).map(|attribute| match attribute {
                    Attribute::Bool(value) => Scalar::Bool(*value),
                    Attribute::Int(value) => Scalar::Int(*value),
                    Attribute::Float(value) => Scalar::Double(*value),
                    Attribute::Text(value) => text(value),
                })
            }
        }
    }

    /// Whether one is `decisive`. A part that fails counts only where none is.
    fn joined(&self, parts: &'a [Condition], decisive: bool) -> Result<bool, GuardFailure> {
        let mut failure = None;
        for part in parts {
            match self.truth(part) {
                Ok(value) if value == decisive => return Ok(decisive),
                Ok(_) => {}
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        failure.map_or(Ok(!decisive), Err)
    }

    /// All items have a value, or there is none.
    fn one_of(&self, element: &'a Condition, items: &'a [Condition]) -> Result<bool, GuardFailure> {
        let element = self.value(element)?;
        let mut found = false;
        for item in items {
            found |= order(&element, &self.value(item)?).ok_or(GuardFailure::Operator)?.is_eq();
        }
        Ok(found)
    }

    fn text(&self, part: &'a Condition) -> Result<Cow<'a, str>, GuardFailure> {
        match self.value(part)? {
            Scalar::Text(text) => Ok(text),
            Scalar::Bool(_) | Scalar::Int(_) | Scalar::Double(_) | Scalar::Time(_) | Scalar::Span(_) => {
                Err(GuardFailure::Operator)
            }
        }
    }

    fn field(&self, field: TimeField, time: &'a Condition, zone: Option<&Zone>) -> Result<Scalar<'a>, GuardFailure> {
        let Scalar::Time(time) = self.value(time)? else { return Err(GuardFailure::Operator) };
        let local = match zone {
            Some(zone) => zone.local(time).ok_or_else(|| GuardFailure::call(field.name(), self.reads))?,
            None => time.fixed_offset(),
        };
        Ok(Scalar::Int(match field {
            TimeField::FullYear => local.year().into(),
            TimeField::Month => local.month0().into(),
            TimeField::Date => local.day().into(),
            TimeField::DayOfMonth => local.day0().into(),
            TimeField::DayOfWeek => local.weekday().num_days_from_sunday().into(),
            TimeField::DayOfYear => local.ordinal0().into(),
            TimeField::Hours => local.hour().into(),
            TimeField::Minutes => local.minute().into(),
            TimeField::Seconds => local.second().into(),
            TimeField::Milliseconds => local.timestamp_subsec_millis().into(),
        }))
    }
}

fn borrowed<'a>(value: &'a Scalar<'static>) -> Scalar<'a> {
    match value {
        Scalar::Text(text) => Scalar::Text(Cow::Borrowed(text)),
        Scalar::Bool(_) | Scalar::Int(_) | Scalar::Double(_) | Scalar::Time(_) | Scalar::Span(_) => value.clone(),
    }
}

fn negated(value: &Scalar<'_>) -> Result<Scalar<'static>, GuardFailure> {
    match value {
        Scalar::Int(value) => value.checked_neg().map(Scalar::Int).ok_or(GuardFailure::Arithmetic),
        Scalar::Double(value) => Ok(Scalar::Double(-value)),
        Scalar::Bool(_) | Scalar::Text(_) | Scalar::Time(_) | Scalar::Span(_) => Err(GuardFailure::Operator),
    }
}

/// The result; none if it is out of range.
fn arithmetic<'a>(of: Arithmetic, a: Scalar<'a>, b: Scalar<'a>) -> Result<Option<Scalar<'a>>, GuardFailure> {
    use Arithmetic::{Add, Divide, Multiply, Remainder, Subtract};
    Ok(match (of, a, b) {
        (Add, Scalar::Int(a), Scalar::Int(b)) => a.checked_add(b).map(Scalar::Int),
        (Subtract, Scalar::Int(a), Scalar::Int(b)) => a.checked_sub(b).map(Scalar::Int),
        (Multiply, Scalar::Int(a), Scalar::Int(b)) => a.checked_mul(b).map(Scalar::Int),
        (Divide, Scalar::Int(a), Scalar::Int(b)) => a.checked_div(b).map(Scalar::Int),
        (Remainder, Scalar::Int(a), Scalar::Int(b)) => a.checked_rem(b).map(Scalar::Int),
        (Add, Scalar::Double(a), Scalar::Double(b)) => finite(a + b),
        (Subtract, Scalar::Double(a), Scalar::Double(b)) => finite(a - b),
        (Multiply, Scalar::Double(a), Scalar::Double(b)) => finite(a * b),
        (Divide, Scalar::Double(a), Scalar::Double(b)) => finite(a / b),
        (Add, Scalar::Text(a), Scalar::Text(b)) => Some(Scalar::Text([a, b].concat().into())),
        (Add, Scalar::Time(time), Scalar::Span(span)) | (Add, Scalar::Span(span), Scalar::Time(time)) => {
            time.checked_add_signed(span).and_then(in_range).map(Scalar::Time)
        }
        (Subtract, Scalar::Time(time), Scalar::Span(span)) => {
            time.checked_sub_signed(span).and_then(in_range).map(Scalar::Time)
        }
        (Subtract, Scalar::Time(a), Scalar::Time(b)) => span_in_range(a.signed_duration_since(b)).map(Scalar::Span),
        (Add, Scalar::Span(a), Scalar::Span(b)) => a.checked_add(&b).and_then(span_in_range).map(Scalar::Span),
        (Subtract, Scalar::Span(a), Scalar::Span(b)) => a.checked_sub(&b).and_then(span_in_range).map(Scalar::Span),
        _ => return Err(GuardFailure::Operator),
    })
}

fn finite(number: f64) -> Option<Scalar<'static>> {
    number.is_finite().then_some(Scalar::Double(number))
}
