//! Texts in guards that mean something: regular expressions and time zones.

use regex_lite::{Regex, RegexBuilder};

use super::{MAX_REGEX, MAX_REGEX_PROGRAM};

/// A regular expression, compiled within its bounds.
pub(super) fn regex(pattern: &str) -> Result<Regex, String> {
    if pattern.len() > MAX_REGEX {
        return Err(format!("{} bytes, at most {MAX_REGEX} are allowed", pattern.len()));
    }
    RegexBuilder::new(pattern).size_limit(MAX_REGEX_PROGRAM).build().map_err(|error| error.to_string())
}

/// Whether a time zone is an IANA name or an offset, `+HH:MM` or `-HH:MM`.
pub(super) fn zone(zone: &str) -> Result<(), String> {
    let named = || !zone.is_empty() && zone.parse::<chrono_tz::Tz>().is_ok();
    if offset(zone) || named() { Ok(()) } else { Err("neither an IANA name nor an offset".to_owned()) }
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
