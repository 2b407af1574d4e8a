//! Times and durations as arguments and in output.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, SecondsFormat};
use stepgate_config::duration::{self, DurationError};
use stepgate_decision::UnixTime;

/// The time of the system's clock.
pub(super) fn now() -> UnixTime {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    UnixTime::from_seconds(since.as_secs())
}

/// A text that is not a time or a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum TimeError {
    #[error("a time is written as in RFC 3339, such as `2026-11-22T18:00:00Z`")]
    Form,
    #[error("a time is in 1970 or later")]
    Before1970,
    #[error(transparent)]
    Duration(#[from] DurationError),
    #[error("this duration must be whole seconds")]
    WholeSeconds,
}

/// A time as in RFC 3339: `2026-11-22T18:00:00Z`.
pub(super) fn parse(text: &str) -> Result<UnixTime, TimeError> {
    let time = DateTime::parse_from_rfc3339(text).map_err(|_| TimeError::Form)?;
    u64::try_from(time.timestamp()).map(UnixTime::from_seconds).map_err(|_| TimeError::Before1970)
}

/// The time as in RFC 3339, in UTC.
pub(super) fn rfc3339(time: UnixTime) -> String {
    let known = i64::try_from(time.seconds()).ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    known.map_or_else(|| time.seconds().to_string(), |time| time.to_rfc3339_opts(SecondsFormat::Secs, true))
}

/// The month, as in the names of keys: `2026-11`.
pub(super) fn month(time: UnixTime) -> String {
    rfc3339(time).chars().take(7).collect()
}

/// The distance of a time: `in 59 min`, `2 h 5 min ago`, `now`.
pub(super) fn relative(time: UnixTime, now: UnixTime) -> String {
    let (then, now) = (time.seconds(), now.seconds());
    match then.abs_diff(now) {
        0 => "now".into(),
        ahead if then > now => format!("in {}", roughly(ahead)),
        past => format!("{} ago", roughly(past)),
    }
}

/// A time span in its two largest units.
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
pub(super) fn parse_duration(text: &str) -> Result<Duration, TimeError> {
    let duration = duration::parse(text)?;
    if duration.subsec_nanos() == 0 { Ok(duration) } else { Err(TimeError::WholeSeconds) }
}

#[cfg(test)]
mod tests;
