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
}
