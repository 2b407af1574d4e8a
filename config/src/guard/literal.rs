//! String literals in guards that are checked: regular expressions and time zones.

use regex_lite::{Regex, RegexBuilder};
use thiserror::Error;

use super::{MAX_REGEX, MAX_REGEX_PROGRAM};

/// Why an argument is not a regular expression or a time zone.
#[derive(Debug, Error)]
pub(super) enum LiteralError {
    #[error("{0} must be a string literal")]
    NotALiteral(&'static str),
    #[error("it has {0} bytes; at most {MAX_REGEX} are allowed")]
    TooLong(usize),
    #[error(transparent)]
    Regex(#[from] regex_lite::Error),
    #[error("neither an IANA name nor an offset")]
    Zone,
}

/// Compiles a regular expression within its bounds.
pub(super) fn regex(pattern: &str) -> Result<Regex, LiteralError> {
    if pattern.len() > MAX_REGEX {
        return Err(LiteralError::TooLong(pattern.len()));
    }
    Ok(RegexBuilder::new(pattern).size_limit(MAX_REGEX_PROGRAM).build()?)
}

/// Checks that a time zone is an IANA name or an offset, `+HH:MM` or `-HH:MM`.
pub(super) fn check_zone(zone: &str) -> Result<(), LiteralError> {
    let named = || !zone.is_empty() && zone.parse::<chrono_tz::Tz>().is_ok();
    if offset(zone) || named() { Ok(()) } else { Err(LiteralError::Zone) }
}

fn offset(zone: &str) -> bool {
    let Some((hours, minutes)) = zone.strip_prefix(['+', '-']).and_then(|rest| rest.split_once(':')) else {
        return false;
    };
    let two = |text: &str, below: u8| {
        text.len() == 2
            && text.bytes().all(|b| b.is_ascii_digit())
            && text.parse().is_ok_and(|number: u8| number < below)
    };
    two(hours, 24) && two(minutes, 60)
}

/// The IANA names of all zones.
pub(super) fn zones() -> impl Iterator<Item = &'static str> {
    chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name())
}
