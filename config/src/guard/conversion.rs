//! Conversions: values that become values of another type (CEL, "Type Conversion").
//!
//! Each takes texts of one form only. Other readers of CEL take more, such as `1h 9999h` for an hour, or `nan`.

use std::borrow::Cow;

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, TimeDelta, Timelike, Utc};

use super::scalar::{Scalar, as_double, in_range};

/// Longest text of a bool, a number, a time or a duration, in bytes.
const MAX_SCALAR: usize = 64;

/// A conversion, by the type that it makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "their names say it")]
pub enum Conversion {
    Bool,
    Int,
    Double,
    Text,
    Time,
    Span,
}

impl Conversion {
    const ALL: [Self; 6] = [Self::Bool, Self::Int, Self::Double, Self::Text, Self::Time, Self::Span];

    /// The conversion of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|conversion| conversion.name() == name)
    }

    /// The function of the language.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Double => "double",
            Self::Text => "string",
            Self::Time => "timestamp",
            Self::Span => "duration",
        }
    }

    /// The form of its texts, for people.
    pub(super) fn form(self) -> &'static str {
        match self {
            Self::Bool => "`true` or `false`",
            Self::Int => "digits, and `-` before a negative number",
            Self::Double => "a number such as `-1.5` or `1e6`",
            Self::Text => "any text",
            Self::Time => "a time of RFC 3339, such as `2026-01-31T00:00:00Z`",
            Self::Span => "numbers with `h`, `m`, `s`, `ms`, `us` or `ns`, such as `36h` or `1h30m`",
        }
    }

    /// The value, converted; none if it cannot be, or is out of range.
    pub fn of(self, value: Scalar<'_>) -> Option<Scalar<'_>> {
        Some(match (self, value) {
            (Self::Text, Scalar::Text(text)) => Scalar::Text(text),
            (Self::Text, value) => Scalar::Text(Cow::Owned(shown(&value)?)),
            (of, Scalar::Text(text)) => of.of_text(&text)?,
            (Self::Bool, Scalar::Bool(value)) => Scalar::Bool(value),
            (Self::Int, Scalar::Int(value)) => Scalar::Int(value),
            (Self::Int, Scalar::Double(value)) => Scalar::Int(truncated(value)?),
            (Self::Int, Scalar::Time(value)) => Scalar::Int(value.timestamp()),
            (Self::Double, Scalar::Double(value)) => Scalar::Double(value),
            (Self::Double, Scalar::Int(value)) => Scalar::Double(as_double(value)),
            (Self::Time, Scalar::Time(value)) => Scalar::Time(value),
            (Self::Time, Scalar::Int(seconds)) => Scalar::Time(in_range(DateTime::from_timestamp(seconds, 0)?)?),
            (Self::Span, Scalar::Span(value)) => Scalar::Span(value),
            _ => return None,
        })
    }

    /// The value that a text stands for; none if it has another form, or is out of range.
    fn of_text(self, text: &str) -> Option<Scalar<'static>> {
        if text.len() > MAX_SCALAR {
            return None;
        }
        match self {
            Self::Bool if text == "true" => Some(Scalar::Bool(true)),
            Self::Bool if text == "false" => Some(Scalar::Bool(false)),
            Self::Int => int(text).map(Scalar::Int),
            Self::Double => double(text).map(Scalar::Double),
            Self::Time => time(text).map(Scalar::Time),
            Self::Span => span(text).map(Scalar::Span),
            Self::Bool | Self::Text => None,
        }
    }
}

/// The whole part of a double; none at and beyond 2^63 on either side.
#[expect(clippy::cast_possible_truncation, reason = "it is within the range of the type")]
fn truncated(value: f64) -> Option<i64> {
    (value.abs() < -as_double(i64::MIN)).then_some(value as i64)
}

/// The text after one digit or more.
fn digits(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    (rest.len() < text.len()).then_some(rest)
}

/// The text after digits, perhaps with a point and digits.
fn decimal(text: &str) -> Option<&str> {
    let rest = digits(text)?;
    rest.strip_prefix('.').map_or(Some(rest), digits)
}

fn int(text: &str) -> Option<i64> {
    let only_digits = digits(text.strip_prefix('-').unwrap_or(text)) == Some("");
    text.parse().ok().filter(|_| only_digits)
}

fn double(text: &str) -> Option<f64> {
    let rest = decimal(text.strip_prefix('-').unwrap_or(text))?;
    let exponent = rest.strip_prefix(['e', 'E']).map(|rest| rest.strip_prefix(['-', '+']).unwrap_or(rest));
    let ends = rest.is_empty() || exponent.and_then(digits) == Some("");
    text.parse().ok().filter(|number: &f64| ends && number.is_finite())
}

/// The units of durations, in nanoseconds. `m` comes after the other units that begin with it.
const UNITS: [(&str, i128); 6] = [
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
];
/// Digits of a fraction that count, and ten to the power of it: an hour has fewer nanoseconds.
const FRACTION: (usize, i128) = (24, 1_000_000_000_000_000_000_000_000);

fn span(text: &str) -> Option<TimeDelta> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    match unsigned {
        "" => return None,
        "0" => return Some(TimeDelta::zero()),
        _ => {}
    }
    let (mut rest, mut sum) = (unsigned, 0_i128);
    while !rest.is_empty() {
        let after = decimal(rest)?;
        let number = rest.get(..rest.len().checked_sub(after.len())?)?;
        let (unit, nanoseconds) = UNITS.iter().find(|(unit, _)| after.starts_with(unit))?;
        sum = sum.checked_add(whole_nanoseconds(number, *nanoseconds)?)?;
        rest = after.get(unit.len()..)?;
    }
    let sum = if unsigned.len() < text.len() { sum.checked_neg()? } else { sum };
    Some(TimeDelta::nanoseconds(i64::try_from(sum).ok()?))
}

/// A decimal number of units, in nanoseconds, without a fraction of one. Not by doubles, in which `1.001s` is less than
/// `1001ms`.
fn whole_nanoseconds(number: &str, unit: i128) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let (digits, power) = FRACTION;
    let fraction = fraction.get(..digits).unwrap_or(fraction);
    let whole = whole.parse::<i128>().ok()?.checked_mul(unit)?;
    if fraction.is_empty() {
        return Some(whole);
    }
    let fraction: i128 = format!("{fraction:0<digits$}").parse().ok()?;
    whole.checked_add(fraction.checked_mul(unit)?.checked_div(power)?)
}

/// A date and time (RFC 3339, section 5.6), in upper case, without leap seconds, which readers take for one second or
/// another, or for none.
fn time(text: &str) -> Option<DateTime<Utc>> {
    let (local, rest) = text.split_at_checked("0000-00-00T00:00:00".len())?;
    let [year, month, day, hour, minute, second] = numbers(local, "0000-00-00T00:00:00")?;
    let zone = rest.strip_prefix('.').map_or(Some(rest), digits)?;
    let fraction = rest.get(1..rest.len().checked_sub(zone.len())?).unwrap_or_default();
    let local = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    let local = local.and_hms_nano_opt(hour, minute, second, nanoseconds(fraction)?)?;
    in_range(local.and_local_timezone(offset(zone)?).single()?.to_utc())
}

/// The numbers of a text of this form, in which each number is made of zeros.
fn numbers<const N: usize>(text: &str, form: &str) -> Option<[u32; N]> {
    let fits = |(b, mark): (u8, u8)| if mark == b'0' { b.is_ascii_digit() } else { b == mark };
    let same = text.len() == form.len() && text.bytes().zip(form.bytes()).all(fits);
    let mut found = text.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok());
    let mut numbers = [0; N];
    for number in &mut numbers {
        *number = found.next().filter(|_| same)?;
    }
    Some(numbers)
}

/// The nanoseconds of a fraction of a second; digits after the ninth count for nothing.
fn nanoseconds(fraction: &str) -> Option<u32> {
    let nine = fraction.get(..9).unwrap_or(fraction);
    format!("{nine:0<9}").parse().ok()
}

/// `Z`, `+HH:MM` or `-HH:MM`.
pub(super) fn offset(zone: &str) -> Option<FixedOffset> {
    if zone == "Z" {
        return FixedOffset::east_opt(0);
    }
    let [hours, minutes] = numbers(zone.strip_prefix(['+', '-'])?, "00:00")?;
    let seconds = i32::try_from(hours.checked_mul(60)?.checked_add(minutes)?.checked_mul(60)?).ok()?;
    let inside = hours < 24 && minutes < 60;
    FixedOffset::east_opt(if zone.starts_with('-') { seconds.checked_neg()? } else { seconds }).filter(|_| inside)
}

/// The text of a value; none of a double, of which there are several.
fn shown(value: &Scalar<'_>) -> Option<String> {
    Some(match value {
        Scalar::Bool(value) => value.to_string(),
        Scalar::Int(value) => value.to_string(),
        Scalar::Double(_) => return None,
        Scalar::Text(value) => value.to_string(),
        Scalar::Time(value) => {
            let fraction = fraction(value.timestamp_subsec_nanos());
            let (year, month, day) = (value.year(), value.month(), value.day());
            let (hour, minute, second) = (value.hour(), value.minute(), value.second());
            format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
        }
        Scalar::Span(value) => {
            let sign = if *value < TimeDelta::zero() { "-" } else { "" };
            let nanoseconds = value.subsec_nanos().unsigned_abs();
            format!("{sign}{}{}s", value.num_seconds().unsigned_abs(), fraction(nanoseconds))
        }
    })
}

/// The fraction of a second with its point, without zeros at its end.
fn fraction(nanoseconds: u32) -> String {
    let digits = format!(".{nanoseconds:09}");
    digits.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests;
