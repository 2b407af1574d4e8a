//! The patterns of guards are those of CEL, and so of RE2: a form that the crate which runs them reads otherwise is an
//! error. The expectations are from RE2's own page of its syntax, and from Go's `regexp`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use stepgate_config::{Code, read};

/// The codes of a document with a guard of this pattern.
fn codes(pattern: &str) -> Vec<Code> {
    let guard = format!("request.query.q.matches(r'''{pattern}''')");
    let document = serde_json::json!({
        "workflow": "w", "revision": 1, "trust_domain": "t",
        "actors": {"a": {"spiffe": ["x/a"]}, "b": {"spiffe": ["x/b"]}},
        "tasks": {"start": {"actor": "a", "initial": true}, "work": {"actor": "b", "requests": [{"path": "/w"}]}},
        "transitions": [{"from": "start", "to": "work", "when": guard}],
    });
    read(document.to_string().as_bytes()).diagnostics.iter().map(|found| found.code).collect()
}

#[test]
fn a_pattern_that_re2_reads_otherwise_is_an_error() {
    for pattern in [
        // RE2: the characters from `-` to `/`, and to `z`.
        "[--/]",
        "[^--z]",
        "a|([b-c]|[--/])",
        // RE2: `<` and `>` themselves.
        r"\<a",
        r"a\>",
        // RE2: the brackets themselves.
        r"\b{start}a",
        r"a\b{end}",
        r"\b{start-half}a",
        r"\b{end-half}",
        "a{,2}",
        // RE2 has no such flags.
        "(?x)a b",
        "(?R)a$",
        "(?u)a",
        "(?-u:a)",
        "(?ix:a)",
        // RE2: the letters of both cases; the crate folds those of ASCII only.
        "(?i)é",
        "(?i:[à-ö])",
        r"(?i)\x{e9}",
        "é(?i)a",
    ] {
        assert_eq!(codes(pattern), [Code::GuardValue], "{pattern}");
    }
}

#[test]
fn other_patterns_are_accepted() {
    for pattern in [
        "[-/]",
        "[/-]",
        "[^-a-z]",
        r"[\--/]",
        "[<>]",
        r"\bab\b",
        r"\B",
        "^a$",
        r"\Aa\z",
        "a{2}",
        "a{2,}",
        "a{2,4}?",
        "(?i)a",
        "(?i:admin)[0-9]+",
        "(?ms-U:a.b)",
        "é[à-ö]",
        "(?P<a>b)",
        "(?<a>b)",
        "(?:a|b)*",
        "[[:alpha:]-]",
        r"\d\w\s\.",
    ] {
        assert_eq!(codes(pattern), [], "{pattern}");
    }
}
