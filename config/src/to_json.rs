//! An input as JSON.

use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::report::Report;
use crate::syntax;

/// The values of an input as JSON, such as a document for a gate's configuration. Only the syntax is checked.
///
/// # Errors
/// All errors of the syntax: wrong bytes, wrong YAML, aliases and the like, and exceeded bounds.
pub fn to_json(text: &[u8]) -> Result<Value, Vec<Diagnostic>> {
    let mut report = Report::new();
    match syntax::parse(text, &mut report) {
        Some(root) if report.errors() == 0 => Ok(syntax::to_json(&root)),
        _ => Err(report.finish()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_and_json_give_the_same_values() {
        let json = r#"{"workflow": "movie", "revision": 1, "actors": {"a": {"spiffe": ["x"]}}, "open": true}"#;
        let yaml = "workflow: movie\nrevision: 1.0\nactors:\n  a: {spiffe: [x]}\nopen: true\n";
        assert_eq!(to_json(json.as_bytes()), to_json(yaml.as_bytes()));
        assert_eq!(to_json(json.as_bytes()).ok(), serde_json::from_str(json).ok());
    }

    #[test]
    fn wrong_syntax_gives_diagnostics() {
        for text in [&b"a: *b"[..], b"a: 1\na: 2\n", b"{", b"", b"a: \xff"] {
            assert!(to_json(text).is_err_and(|found| !found.is_empty()));
        }
    }

    /// The first three end a line in YAML 1.1, as `kubectl` reads it, and nothing in YAML 1.2. A byte order mark is part of
    /// a name to the one, and nothing to the other.
    #[test]
    fn a_character_that_two_versions_of_yaml_read_differently_is_an_error() {
        for odd in ['\u{85}', '\u{2028}', '\u{2029}', '\u{feff}'] {
            for text in ["a: 1 # b@b: 2\n", "a: |\n  b@c\n", "a: 'b@c'\n", "a: b@c\n", "a: 1\n@b: 2\n", "a: 1\n# b@"] {
                let text = text.replace('@', &odd.to_string());
                assert!(to_json(text.as_bytes()).is_err_and(|found| !found.is_empty()), "{text:?}");
            }
        }
        assert!(to_json("\u{feff}a: 'caf\u{e9}\u{a0}\u{200b}'\n".as_bytes()).is_ok());
        assert!(to_json("{\"a\": \"b\u{2028}c\"}".as_bytes()).is_ok());
    }
}
