//! Plain scalars that YAML 1.1 and YAML 1.2 read differently.
//!
//! `stepgate check`, `kubectl` and the gate are different readers of one document: YAML 1.1, which Kubernetes uses, has
//! other numbers, and other words for true and false, than YAML 1.2.

use std::borrow::Cow;

use super::Kind;
use super::scalar::{self, all, is_digits};

/// The place of the first character that ends a line in YAML 1.1 and nothing in YAML 1.2, so that one reader takes for a comment
/// what another one obeys; or of a byte order mark, which is a part of a name to some.
pub(super) fn odd_character(text: &str) -> Option<(usize, char)> {
    let odd =
        |(at, c): &(usize, char)| matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}') || (*c == '\u{feff}' && *at > 0);
    text.char_indices().find(odd)
}

/// Bools in YAML 1.1, strings in YAML 1.2.
const WORDS: [&str; 16] =
    ["y", "Y", "yes", "Yes", "YES", "n", "N", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF"];

/// Whether YAML 1.1 and YAML 1.2 read this scalar, without quotes, differently. [`check`](crate::read) refuses such a scalar.
pub fn is_ambiguous(text: &str) -> bool {
    let number = text.strip_prefix(['+', '-']).unwrap_or(text);
    let has_sign = number.len() < text.len();
    WORDS.contains(&text)
        // In `[…]` and `{…}`, YAML 1.1 takes the mark for that of a key.
        || text.starts_with('?')
        || has_other_digits(number, has_sign)
        || (has_sign && (number.starts_with("0x") || (number.starts_with('.') && is_decimal(number))))
        || is_odd_exponent(number)
        || is_base_60(number)
        || is_date(text)
}

/// `010`, `0o10`, `0b10`, `0X1F`, `1_000`: numbers in one version, other numbers or strings in the other.
fn has_other_digits(number: &str, has_sign: bool) -> bool {
    let plain = number.replace('_', "");
    let begins = has_sign || number.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let spaced = plain.len() < number.len() && begins;
    let of_base = |small: &str, large: &str, digit: fn(u8) -> bool| {
        let rest = plain.strip_prefix(small).or_else(|| plain.strip_prefix(large));
        rest.is_some_and(|rest| all(rest, digit))
    };
    let hexadecimal = of_base("0x", "0X", |b| b.is_ascii_hexdigit());
    let octal = of_base("0o", "0O", |b| matches!(b, b'0'..=b'7'));
    let binary = of_base("0b", "0B", |b| matches!(b, b'0' | b'1'));
    let padded = plain.strip_prefix('0').is_some_and(is_digits);
    let exponent = plain.split_once(['e', 'E']).is_some_and(|(mantissa, exponent)| {
        is_decimal(mantissa) && is_digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))
    });
    let large = hexadecimal && plain.starts_with("0X");
    octal || binary || padded || large || (spaced && (hexadecimal || exponent || is_decimal(&plain)))
}

/// `1e3`: in YAML 1.1 only `1.0e+3` is a number.
fn is_odd_exponent(number: &str) -> bool {
    number.split_once(['e', 'E']).is_some_and(|(mantissa, exponent)| {
        let digits = exponent.strip_prefix(['+', '-']);
        let alike = mantissa.contains('.') && digits.is_some();
        is_decimal(mantissa) && is_digits(digits.unwrap_or(exponent)) && !alike
    })
}

/// `12:30:45`: a number in base 60.
fn is_base_60(number: &str) -> bool {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let mut parts = whole.split(':');
    let first = parts.next().is_some_and(is_digits);
    let mut rest = parts.peekable();
    first
        && rest.peek().is_some()
        && rest.all(|part| is_digits(part) && part.parse().is_ok_and(|of_60: u8| of_60 < 60) && part.len() <= 2)
        && (fraction.is_empty() || is_digits(fraction))
}

/// `2026-11-24`, also with a time after it.
fn is_date(text: &str) -> bool {
    let (date, time) = text.find(['T', 't', ' ']).map_or((text, ""), |at| text.split_at(at));
    let parts: Vec<&str> = date.split('-').collect();
    let numbers = matches!(parts.as_slice(), [year, month, day]
        if year.len() == 4 && (1..=2).contains(&month.len()) && (1..=2).contains(&day.len()));
    numbers && parts.iter().all(|part| is_digits(part)) && (time.is_empty() || time.contains(':'))
}

/// Digits with at most one decimal point.
fn is_decimal(text: &str) -> bool {
    let (head, tail) = text.split_once('.').unwrap_or((text, ""));
    (is_digits(head) || head.is_empty()) && (is_digits(tail) || tail.is_empty()) && text.len() > 1 || is_digits(text)
}

/// Whether a text may be written as a string without quotes.
pub(crate) fn is_plain(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && !is_ambiguous(text)
        && matches!(scalar::plain(Cow::Borrowed(text)), Ok(Kind::Text(_)))
}

#[cfg(test)]
mod tests;
