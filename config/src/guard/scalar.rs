//! The values of guards, and how one becomes a value of another type.

use std::borrow::Cow;
use std::cmp::Ordering;

use chrono::{DateTime, TimeDelta, Utc};

/// A value of a guard.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar<'a> {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A finite number.
    Double(f64),
    /// A text.
    Text(Cow<'a, str>),
    /// A point of time of the years 1 to 9999 (CEL, "Timestamps").
    Time(DateTime<Utc>),
    /// A duration, at most 2^63 nanoseconds (CEL, "Durations").
    Span(TimeDelta),
}

/// The first and the last second of the years 1 to 9999, since 1970.
const SECONDS: [i64; 2] = [-62_135_596_800, 253_402_300_799];

/// The time, if it is in range.
pub fn in_range(time: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let [first, last] = SECONDS;
    (first..=last).contains(&time.timestamp()).then_some(time)
}

/// The duration, if it is in range.
pub fn span_in_range(span: TimeDelta) -> Option<TimeDelta> {
    span.num_nanoseconds().map(|_| span)
}

/// The nearest double (CEL: numbers of the two types compare as doubles).
#[expect(clippy::cast_precision_loss, reason = "the nearest one is what CEL compares")]
pub fn as_double(value: i64) -> f64 {
    value as f64
}

/// The order of two values; none where their types do not compare.
pub fn order(a: &Scalar<'_>, b: &Scalar<'_>) -> Option<Ordering> {
    match (a, b) {
        (Scalar::Bool(a), Scalar::Bool(b)) => Some(a.cmp(b)),
        (Scalar::Int(a), Scalar::Int(b)) => Some(a.cmp(b)),
        (Scalar::Double(a), Scalar::Double(b)) => a.partial_cmp(b),
        (Scalar::Int(a), Scalar::Double(b)) => as_double(*a).partial_cmp(b),
        (Scalar::Double(a), Scalar::Int(b)) => a.partial_cmp(&as_double(*b)),
        (Scalar::Text(a), Scalar::Text(b)) => Some(a.cmp(b)),
        (Scalar::Time(a), Scalar::Time(b)) => Some(a.cmp(b)),
        (Scalar::Span(a), Scalar::Span(b)) => Some(a.cmp(b)),
        _ => None,
    }
}
