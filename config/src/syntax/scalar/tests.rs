//! Plain scalars: the core schema, and numbers out of range.

use super::*;

#[test]
fn the_core_schema_decides() {
    for (text, expected) in [
        ("~", "Null"),
        ("true", "Bool(true)"),
        ("yes", "Text(\"yes\")"),
        ("012", "Int(12)"),
        ("0x1f", "Int(31)"),
        ("0o17", "Int(15)"),
        ("-7", "Int(-7)"),
        ("1.0", "Int(1)"),
        ("1e3", "Int(1000)"),
        ("2.5", "Float(2.5)"),
        (".5", "Float(0.5)"),
        ("1e", "Text(\"1e\")"),
        ("2026-11", "Text(\"2026-11\")"),
        ("1_000", "Text(\"1_000\")"),
        ("0b1", "Text(\"0b1\")"),
        ("-", "Text(\"-\")"),
        (".", "Text(\".\")"),
    ] {
        assert_eq!(format!("{:?}", plain(text.into()).unwrap()), expected, "{text}");
    }
}

#[test]
fn numbers_that_json_would_change_are_rejected() {
    for text in [
        "9007199254740992",
        "99999999999999999999",
        "0xffffffffffffffff",
        "1e999",
        "1e300",
        "9007199254740991.5",
        "-9007199254740991.5",
        "9007199254740992.0",
        ".inf",
        ".nan",
    ] {
        assert!(plain(text.into()).is_err(), "{text}");
    }
}
