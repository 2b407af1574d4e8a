//! Manifests that are read again, also by readers of YAML 1.1.

use super::*;
use serde_json::json;

#[test]
fn manifests_are_read_again_as_they_were_written() {
    let value = json!({
        "kind": "Secret", "apiVersion": "v1", "empty": {}, "none": [], "nothing": null,
        "texts": ["on", "No", "y", "n", "1", "0x1", "1e3", "1_0", "0o7", "017", "0b1", "12:30:45", "2001-01-01", ".inf", "=", "<<",
            "+1", "1.", "", " a", "a ", "a: b", "# x", "é\n\u{85}\u{7f}", "a/b.c_d-e", "~", "-", "{id}", "*", "&a", "!a", "%a", "@a",
            "../x", "/", ".5", "{\"a\": [\"b\"]}", "\"it's\"", "\"\\\"", "a\tb", "\u{feff}a", "word ".repeat(60).trim_end()],
        "deep": [[1, [2]], {"b": [{"c": {"d": true}, "a": -1.5}], "name": "x"}, []],
        "lines": "- {op: add}\n- second\n", "blank": "a\n\nb\n", "yes": {"true": "y"}, "8080": "x y", "1_0": 1,
    });
    let text = text(&value).unwrap();
    assert!(text.starts_with("apiVersion: v1\nkind: Secret\n"), "{text}");
    assert!(text.contains("- '{\"a\": [\"b\"]}'\n"), "{text}");
    assert!(text.contains("lines: |\n  - {op: add}\n  - second\n"), "{text}");
    assert_eq!(stepgate_config::to_json(text.as_bytes()).unwrap(), value, "{text}");
}

/// Kubernetes reads YAML 1.1, where these are not texts.
#[test]
fn texts_that_yaml_1_1_reads_otherwise_are_quoted() {
    for odd in ["y", "n", "no", "On", "1_0", "017", "12:30", "2001-01-01", "0b1", "~", "null", "1e3", "="] {
        for (value, written) in
            [(json!({"a": odd}), format!("a: \"{odd}\"\n")), (json!({odd: "a"}), format!("\"{odd}\": a\n"))]
        {
            assert_eq!(text(&value).unwrap(), written);
        }
    }
    // `check` refuses these unquoted. A random secret may be such a text; no key is.
    for odd in ["-0xjbq-_", "+0x", "?x"] {
        assert_eq!(text(&json!({"a": odd})).unwrap(), format!("a: \"{odd}\"\n"));
    }
}
