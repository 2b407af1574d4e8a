//! Times and durations as people write and read them.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, SecondsFormat};
use stepgate_decision::UnixTime;

/// What the system's clock says.
pub(super) fn now() -> UnixTime {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    UnixTime::from_seconds(since.as_secs())
}

/// A time as in RFC 3339: `2026-11-22T18:00:00Z`.
///
/// For clap, which says what is wrong and where.
pub(super) fn parse(text: &str) -> Result<UnixTime, String> {
    let time = DateTime::parse_from_rfc3339(text)
        .map_err(|_| "a time is written as in RFC 3339, such as `2026-11-22T18:00:00Z`".to_owned())?;
    u64::try_from(time.timestamp()).map(UnixTime::from_seconds).map_err(|_| "a time lies after 1970".to_owned())
}

/// The time as in RFC 3339, in UTC.
pub(super) fn rfc3339(time: UnixTime) -> String {
    let known = i64::try_from(time.seconds()).ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    known.map_or_else(|| time.seconds().to_string(), |time| time.to_rfc3339_opts(SecondsFormat::Secs, true))
}

/// The month as keys are named after it: `2026-11`.
pub(super) fn month(time: UnixTime) -> String {
    rfc3339(time).chars().take(7).collect()
}

/// How far away a time is: `in 59 min`, `2 h 5 min ago`, `now`.
pub(super) fn relative(time: UnixTime, now: UnixTime) -> String {
    let (then, now) = (time.seconds(), now.seconds());
    match then.abs_diff(now) {
        0 => "now".into(),
        ahead if then > now => format!("in {}", roughly(ahead)),
        past => format!("{} ago", roughly(past)),
    }
}

/// The two largest units of a time span.
fn roughly(seconds: u64) -> String {
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (unit, size) in [("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)] {
        let number = rest.checked_div(size).unwrap_or_default();
        rest = rest.checked_rem(size).unwrap_or_default();
        if number > 0 {
            parts.push(format!("{number} {unit}"));
        } else if !parts.is_empty() {
            break;
        }
    }
    parts.truncate(2);
    parts.join(" ")
}

/// A duration in whole seconds, written as in documents: `1h`, `90s`, `1h30m`.
///
/// For clap, which says what is wrong and where.
pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || "a duration is whole numbers with the units h, m and s, such as `90s` or `1h30m`".to_owned();
    let (mut seconds, mut number, mut last) = (0_u64, None::<u64>, u64::MAX);
    for c in text.chars() {
        let unit = match c {
            'h' => 3600,
            'm' => 60,
            's' => 1,
            _ => {
                let digit = u64::from(c.to_digit(10).ok_or_else(wrong)?);
                let more = number.unwrap_or_default().checked_mul(10).and_then(|n| n.checked_add(digit));
                number = Some(more.ok_or_else(wrong)?);
                continue;
            }
        };
        let part = number.take().filter(|_| unit < last).and_then(|n| n.checked_mul(unit)).ok_or_else(wrong)?;
        seconds = seconds.checked_add(part).ok_or_else(wrong)?;
        last = unit;
    }
    let duration = Duration::from_secs(seconds);
    let fits = number.is_none() && !duration.is_zero() && duration <= stepgate_config::MAX_DURATION;
    fits.then_some(duration).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written() {
        let time = parse("2026-11-22T19:00:00+01:00").unwrap();
        assert_eq!(rfc3339(time), "2026-11-22T18:00:00Z");
        assert_eq!(month(time), "2026-11");
        assert!(parse("yesterday").is_err());
        assert!(parse("1969-01-01T00:00:00Z").is_err());
    }

    #[test]
    fn distances_are_told_by_their_two_largest_units() {
        let now = UnixTime::from_seconds(1_000_000);
        for (seconds, expected) in [
            (1_000_000, "now"),
            (1_000_059, "in 59 s"),
            (1_003_661, "in 1 h 1 min"),
            (1_003_601, "in 1 h"),
            (900_000, "1 d 3 h ago"),
        ] {
            assert_eq!(relative(UnixTime::from_seconds(seconds), now), expected);
        }
    }

    #[test]
    fn durations_are_read() {
        for (text, seconds) in [("1h", 3600), ("90s", 90), ("1h30m", 5400), ("5m", 300)] {
            assert_eq!(parse_duration(text), Ok(Duration::from_secs(seconds)));
        }
        for text in ["", "0s", "1", "h", "1d", "30m1h", "-1s", "99999999999999999999h", "99999999h"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
