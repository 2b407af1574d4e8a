//! Times and durations as they are read and written.

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
fn distances_are_shown_in_their_two_largest_units() {
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
    for text in ["", "0s", "1", "h", "1d", "30m1h", "-1s", "99999999999999999999h", "99999999h", "1500ms"] {
        assert!(parse_duration(text).is_err(), "{text}");
    }
}
