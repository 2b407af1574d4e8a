use super::*;

fn taken(name: &str) -> impl Fn(&&str) -> bool {
    let conversion = Conversion::named(name);
    move |text| conversion.is_some_and(|conversion| conversion.of_text(text).is_some())
}

#[test]
fn a_conversion_takes_only_texts_of_one_form() {
    let long = "1".repeat(65);
    for (name, good, bad) in [
        ("bool", vec!["true", "false"], vec!["True", "1", "t", ""]),
        ("int", vec!["0", "-12", "007"], vec!["", "-", "+1", "1.0", " 1", "1e3", "0x1", "١", long.as_str()]),
        (
            "double",
            vec!["0", "-1.5", "1e6", "1.5E-3", "1e+2"],
            vec!["", "nan", "NaN", "inf", "-infinity", "1e999", ".5", "5.", "1e", "+1", "1 ", long.as_str()],
        ),
        (
            "duration",
            vec!["0", "-0", "1h", "1.5h", "-1h30m", "1ms2us3ns", "9223372036854775807ns"],
            vec![
                "",
                "-",
                "1",
                "h",
                "1h ",
                "1h 9999h",
                "1h9999d",
                "1e0h",
                "+1h",
                "nanh",
                "1h0",
                ".5h",
                "infs",
                "9999999999h",
                "9223372036.854775808s",
                "-9223372036.854775809s",
                "9223372036854775808ns",
                "9223372036s1s",
            ],
        ),
        (
            "timestamp",
            vec!["2026-01-31T00:00:00Z", "2026-01-31T00:00:00.123+02:00", "0001-01-01T00:00:00Z"],
            vec![
                "",
                "2026-1-1",
                "2026-01-31",
                "2026-01-31t00:00:00z",
                "2026-01-31 00:00:00Z",
                "2026-01-31T00:00:00",
                "2026-02-29T00:00:00Z",
                "2026-01-31T23:59:60Z",
                "2026-01-31T24:00:00Z",
                "2026-01-31T00:00:00+24:00",
                "2026-01-31T00:00:00.Z",
                "0001-01-01T00:00:00+01:00",
                "9999-12-31T23:59:59-01:00",
            ],
        ),
    ] {
        assert_eq!(good.iter().find(|text| !taken(name)(text)), None, "{name}");
        assert_eq!(bad.iter().find(|text| taken(name)(text)), None, "{name}");
    }
}

/// By decimal arithmetic, without a fraction of a nanosecond.
#[test]
fn a_duration_is_exact() {
    for (text, nanoseconds) in [
        ("1.001s", 1_001_000_000),
        ("-1.005s", -1_005_000_000),
        ("0.29h", 1_044_000_000_000),
        ("8.7m", 522_000_000_000),
        ("1.005us", 1_005),
        ("0.9999999999s", 999_999_999),
        ("0.000000000000000000000000000000000001h", 0),
        ("0000000000000000000000000000000000000000000000000000000001s", 1_000_000_000),
        ("9223372036.854775807s", i64::MAX),
        ("-9223372036.854775808s", i64::MIN),
    ] {
        assert_eq!(span(text), Some(TimeDelta::nanoseconds(nanoseconds)), "{text}");
    }
}
