//! Scalars that are ambiguous, and scalars that only look so.

use super::*;

#[test]
fn ambiguous_scalars_are_found() {
    for text in [
        "y",
        "No",
        "ON",
        "off",
        "010",
        "-010",
        "08",
        "00",
        "0o10",
        "0b1",
        "1_000",
        "+_7",
        "-_7",
        "+_.5",
        "1_e5",
        "7e0_",
        "+1_e1",
        "0X1F",
        "0O17",
        "0B11",
        "-0B1",
        "?x",
        "0x_1f",
        "1_0.5",
        "-0x1f",
        "-.5",
        "1e3",
        "1.0e3",
        "1E+3",
        "12:30",
        "1:30:59.5",
        "2026-11-24",
        "2026-1-2T03:04:05Z",
        "2026-11-24 10:00:00",
    ] {
        assert!(is_ambiguous(text), "{text}");
    }
}

#[test]
fn other_scalars_pass() {
    for text in [
        "true",
        "False",
        "null",
        "~",
        "",
        "0",
        "7",
        "-7",
        "+7",
        "0x1f",
        "1.5",
        "0.5",
        ".5",
        "010.5",
        "1.0e+3",
        "yEs",
        "nope",
        "one",
        "a_1",
        "_1",
        "1h",
        "10m",
        "1_000x",
        "0Xg",
        "0B2",
        "+_",
        "e_1",
        "x?",
        "0xg",
        "0b2",
        "1e",
        "e3",
        "-",
        ".",
        "..",
        "12:99",
        "12:30:ab",
        "127.0.0.1:80",
        "a:1",
        "2026-11",
        "2026-11-24x",
        "1.2.3",
        "film/1",
        "10:300",
    ] {
        assert!(!is_ambiguous(text), "{text}");
    }
}
