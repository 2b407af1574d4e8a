//! Durations as Istio writes them: `250ms`, `30s`, `1h30m`.

use std::time::Duration;

use thiserror::Error;

/// The longest duration: ten years of 365 days.
pub const MAX_DURATION: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// Why a text is not a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DurationError {
    /// Another form.
    #[error("a duration is whole numbers with the units `h`, `m`, `s` and `ms`, such as `30s`, `1h30m` or `168h`")]
    Form,
    /// Zero, or longer than [`MAX_DURATION`].
    #[error("a duration is greater than zero and at most 10 years (`87600h`)")]
    Bound,
}

/// Parses whole numbers, each with a unit, from the largest unit to the smallest: `h`, `m`, `s`, `ms`.
///
/// # Errors
/// Another form, zero, and a duration longer than [`MAX_DURATION`].
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let mut rest = text;
    let mut millis: u64 = 0;
    let mut last_unit = u64::MAX;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, tail) = rest.split_at_checked(digits).ok_or(DurationError::Form)?;
        let unit_len = tail.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, tail) = tail.split_at_checked(unit_len).ok_or(DurationError::Form)?;
        let unit = match unit {
            "h" => 3_600_000,
            "m" => 60_000,
            "s" => 1_000,
            "ms" => 1,
            _ => return Err(DurationError::Form),
        };
        if number.is_empty() || unit >= last_unit {
            return Err(DurationError::Form);
        }
        last_unit = unit;
        let number: u64 = number.parse().map_err(|_| DurationError::Bound)?;
        let part = number.checked_mul(unit).ok_or(DurationError::Bound)?;
        millis = millis.checked_add(part).ok_or(DurationError::Bound)?;
        rest = tail;
    }
    if text.is_empty() {
        return Err(DurationError::Form);
    }
    let duration = Duration::from_millis(millis);
    if duration.is_zero() || duration > MAX_DURATION { Err(DurationError::Bound) } else { Ok(duration) }
}

/// A duration in seconds; a part of one counts as a whole one.
pub fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0))
}

/// A duration as [`parse`] reads it, in whole milliseconds: `1h30m`.
pub fn written(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut text = String::new();
    for (unit, size) in [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)] {
        let number = rest.checked_div(size).unwrap_or_default();
        rest = rest.checked_rem(size).unwrap_or_default();
        if number > 0 {
            text.push_str(&format!("{number}{unit}"));
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// The duration that a text of another form probably means, as [`parse`] reads it: `14d` and `2 weeks` are `336h`.
#[cfg(feature = "people")]
pub(crate) fn meant(text: &str) -> Option<String> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).collect();
    let (mut rest, mut seconds) = (text.as_str(), 0.0);
    while !rest.is_empty() {
        let (number, tail) = rest.split_at_checked(rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?)?;
        let end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(end)?;
        let unit = match unit {
            "w" | "week" | "weeks" => 604_800.0,
            "d" | "day" | "days" => 86_400.0,
            "h" | "hour" | "hours" => 3_600.0,
            "m" | "min" | "minute" | "minutes" => 60.0,
            "s" | "sec" | "second" | "seconds" => 1.0,
            "ms" => 0.001,
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * unit;
        rest = tail;
    }
    let meant = Duration::try_from_secs_f64(seconds).ok()?;
    (!meant.is_zero() && meant <= MAX_DURATION).then(|| written(meant))
}

#[cfg(not(feature = "people"))]
pub(crate) fn meant(_: &str) -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_weeks_and_words_are_understood_but_not_accepted() {
        for (text, expected) in [
            ("14d", Some("336h")),
            ("7d12h", Some("180h")),
            ("2 weeks", Some("336h")),
            ("1.5h", Some("1h30m")),
            ("30 min", Some("30m")),
            ("30m1h", Some("1h30m")),
            ("1 month", None),
            ("30", None),
            ("0d", None),
            ("9999w", None),
            ("..h", None),
        ] {
            assert_eq!(meant(text).as_deref(), expected, "{text}");
            assert!(parse(text).is_err());
        }
    }

    #[test]
    fn a_duration_is_written_as_it_is_read() {
        for text in ["250ms", "30s", "1h30m", "24h", "1h1ms", "2h3m4s5ms"] {
            assert_eq!(parse(text).map(written), Ok(text.to_owned()));
        }
        assert_eq!(parse("90m").map(written), Ok("1h30m".to_owned()));
        assert_eq!(parse("1500ms").map(whole_seconds), Ok(2));
    }

    #[test]
    fn units_add_up() {
        for (text, millis) in [
            ("250ms", 250),
            ("30s", 30_000),
            ("1h30m", 5_400_000),
            ("24h", 86_400_000),
            ("1h1ms", 3_600_001),
            ("90m", 5_400_000),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn other_texts_are_rejected() {
        for text in [
            "",
            "0s",
            "1",
            "s",
            "1d",
            "-1s",
            "1.5h",
            " 1s",
            "1s ",
            "30m1h",
            "1s1s",
            "87600h1ms",
            "99999999999999999999h",
            "1é",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
