//! Plain scalars as in the core schema of YAML 1.2.2, section 10.3.2.

use std::borrow::Cow;

use thiserror::Error;

use super::Kind;

/// The largest whole number up to which doubles are exact (RFC 8259, section 6).
const MAX_WHOLE: i64 = (1 << 53) - 1;

/// Why a number is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum NumberError {
    #[error("infinity and NaN are not allowed: numbers are finite")]
    NotFinite,
    #[error("whole numbers are between -(2^53 - 1) and 2^53 - 1: JSON readers would round others")]
    OutOfRange,
}

/// A scalar without quotes: null, a bool, a number, or else a string.
///
/// # Errors
/// A number that is out of range or not finite.
pub(super) fn plain(text: Cow<'_, str>) -> Result<Kind<'_>, NumberError> {
    match &*text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Kind::Null),
        "true" | "True" | "TRUE" => return Ok(Kind::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Kind::Bool(false)),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf" | "-.Inf" | "-.INF" | ".nan" | ".NaN"
        | ".NAN" => {
            return Err(NumberError::NotFinite);
        }
        _ => {}
    }
    let whole = if let Some(digits) = text.strip_prefix("0o") {
        all(digits, |b| matches!(b, b'0'..=b'7')).then(|| i64::from_str_radix(digits, 8).ok())
    } else if let Some(digits) = text.strip_prefix("0x") {
        all(digits, |b| b.is_ascii_hexdigit()).then(|| i64::from_str_radix(digits, 16).ok())
    } else {
        is_digits(unsigned(&text)).then(|| text.parse().ok())
    };
    match whole {
        Some(Some(number)) if (-MAX_WHOLE..=MAX_WHOLE).contains(&number) => Ok(Kind::Int(number)),
        Some(_) => Err(NumberError::OutOfRange),
        None if is_float(&text) => float(&text),
        None => Ok(Kind::Text(text)),
    }
}

fn float<'a>(text: &str) -> Result<Kind<'a>, NumberError> {
    let number: f64 = text.parse().map_err(|_| NumberError::NotFinite)?;
    if !number.is_finite() {
        return Err(NumberError::NotFinite);
    }
    #[expect(clippy::cast_precision_loss, reason = "within 2^53: exact")]
    let out_of_range = number.abs() > MAX_WHOLE as f64;
    // A double of this size is whole, and some writers of JSON write it as a whole number, which the gate refuses.
    if out_of_range {
        return Err(NumberError::OutOfRange);
    }
    #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53: exact")]
    let whole = (number.fract() == 0.0).then_some(number as i64);
    Ok(whole.map_or(Kind::Float(number), Kind::Int))
}

/// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
fn is_float(text: &str) -> bool {
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (unsigned(number), Some(exponent)),
        None => (unsigned(text), None),
    };
    let mantissa = match number.split_once('.') {
        Some(("", tail)) => is_digits(tail),
        Some((head, tail)) => is_digits(head) && (tail.is_empty() || is_digits(tail)),
        None => is_digits(number),
    };
    mantissa && exponent.is_none_or(|exponent| is_digits(unsigned(exponent)))
}

fn unsigned(text: &str) -> &str {
    text.strip_prefix(['+', '-']).unwrap_or(text)
}

pub(super) fn is_digits(text: &str) -> bool {
    all(text, |b| b.is_ascii_digit())
}

/// Whether `text` is not empty and all its bytes are allowed.
pub(super) fn all(text: &str, allowed: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests;
