//! The patterns of guards are those of CEL, and so of RE2: a form that the crate which runs them reads otherwise is an
//! error. The expectations are from RE2's own page of its syntax, from RE2 itself
//! (google-re2 1.1), and from Go's `regexp`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use stepgate_config::{Code, Severity, read};

/// The codes of a document with a guard of this pattern.
fn codes(pattern: &str) -> Vec<Code> {
    let guard = format!("request.host.matches(r'''{pattern}''')");
    let document = serde_json::json!({
        "workflow": "w", "revision": 1, "trust_domain": "t",
        "actors": {"a": {"spiffe": ["x/a"]}, "b": {"spiffe": ["x/b"]}},
        "tasks": {"start": {"actor": "a", "initial": true}, "work": {"actor": "b", "requests": [{"path": "/w"}]}},
        "transitions": [{"from": "start", "to": "work", "when": guard}],
    });
    // A pattern that matches a part has a note.
    let found = read(document.to_string().as_bytes()).diagnostics;
    found.iter().filter(|found| found.severity() != Severity::Note).map(|found| found.code).collect()
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
        // RE2: text.
        "a{01}",
        "a{00}",
        "a{1,02}",
        "a{ 1}",
        "a{1 }",
        "a{1, 2}",
        "a{ 1,}",
        "a{1 ,2}",
        "a{1\t}",
        "a{,2}",
        "a{ ,2}",
        "(?:a|b{1, 2})",
        // RE2: "bad repetition operator".
        "a**",
        "a++",
        "a+*",
        "a{2}{3}",
        "a*??",
        "a{2}??",
        "(?:a{2}*)",
        "^**",
        // RE2: "invalid repetition size".
        "a{1001}",
        "a{1,1001}",
        "(a{40}){26}",
        "((?:a{10}|b){10}c){11}",
        "(?:a{2,}){501}",
        // RE2: "invalid escape sequence".
        r"\u0041",
        r"\u{41}",
        r"\U00000041",
        r"[\u0041]",
        r"[a-\u007a]",
        r"\1",
        r"\07",
        r"\Z",
        // RE2: characters of a class, where others have a class within it or an operation.
        "[[a]]",
        "[a[b]]",
        "[a&&b]",
        "[a~~b]",
        "[+--]",
        "[[:foo:]]",
        // Known to RE2, and not to gates.
        r"\pL",
        r"[\p{Greek}]",
        r"\Qa\E",
        r"\C",
        r"\0",
        "(?'a'b)",
        // RE2: "invalid named capture group".
        "(?P<a.b>c)",
        "(?<a[0]>c)",
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
        "a{0}",
        "a{10,20}?",
        "(?:a{2}){3}",
        "(a*)*",
        "(?:^)*a",
        "(a{40}){25}",
        r"\x41\x{0041}[\x41-\x5a]",
        r"\a\f\t\n\r\v\_\-\/",
        "(?P<a_1>b)",
        "[]a][^]a][a^][a-b-c]",
        "}]",
    ] {
        assert_eq!(codes(pattern), [], "{pattern}");
    }
}
