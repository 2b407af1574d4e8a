//! Durations as Istio writes them: `250ms`, `30s`, `1h30m`.

use std::time::Duration;

/// The longest duration anywhere: ten years of 365 days.
pub const MAX_DURATION: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// Whole numbers, each with a unit, from the largest unit to the smallest: `h`, `m`, `s`, `ms`.
///
/// # Errors
/// What is wrong, for a text that is something else, for zero, and past [`MAX_DURATION`].
pub(crate) fn parse(text: &str) -> Result<Duration, &'static str> {
    const FORM: &str = "a duration is whole numbers with units, such as `250ms`, `30s` or `1h30m`";
    const BOUND: &str = "a duration is more than nothing and at most 10 years (`87600h`)";
    let mut rest = text;
    let mut millis: u64 = 0;
    let mut last_unit = u64::MAX;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, tail) = rest.split_at_checked(digits).ok_or(FORM)?;
        let unit_len = tail.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, tail) = tail.split_at_checked(unit_len).ok_or(FORM)?;
        let unit = match unit {
            "h" => 3_600_000,
            "m" => 60_000,
            "s" => 1_000,
            "ms" => 1,
            _ => return Err(FORM),
        };
        if number.is_empty() || unit >= last_unit {
            return Err(FORM);
        }
        last_unit = unit;
        let number: u64 = number.parse().map_err(|_| BOUND)?;
        millis = number.checked_mul(unit).and_then(|part| millis.checked_add(part)).ok_or(BOUND)?;
        rest = tail;
    }
    if text.is_empty() {
        return Err(FORM);
    }
    let duration = Duration::from_millis(millis);
    if duration.is_zero() || duration > MAX_DURATION { Err(BOUND) } else { Ok(duration) }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn what_is_no_duration_is_refused() {
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
