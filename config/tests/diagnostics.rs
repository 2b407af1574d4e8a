//! Wrong inputs as data: `diagnostics/NAME.yaml`, and beside each its diagnostics, `NAME.stderr`.
//!
//! `BLESS=1 cargo test` writes the current diagnostics; read them before you commit them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use stepgate_config::{Code, Diagnostic, MAX_DIAGNOSTICS, MAX_INPUT, read, render};

/// Codes of inputs that are too long for a file, which the tests below generate, and of a file that cannot be read.
const GENERATED: [Code; 3] = [Code::Large, Code::More, Code::NotRead];

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|of| of == "yaml")).collect();
    files.sort();
    files
}

#[test]
fn each_wrong_input_has_the_expected_diagnostics() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut differing = Vec::new();
    for file in cases() {
        let text = fs::read(&file).unwrap();
        let outcome = read(&text);
        let errors = outcome.diagnostics.iter().any(Diagnostic::is_error);
        assert_eq!(outcome.checked.is_none(), errors, "{}: a value exactly where no error is", file.display());
        let name = file.file_name().unwrap().to_str().unwrap();
        let said = render(&outcome.diagnostics, &text, name, false);
        let expected = file.with_extension("stderr");
        if bless {
            fs::write(&expected, &said).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != said {
            differing.push(format!("{name}:\n{said}"));
        }
    }
    assert!(differing.is_empty(), "not as expected; BLESS=1 writes the current diagnostics:\n{}", differing.join("\n"));
}

#[test]
fn each_code_has_a_case_with_its_name() {
    let named = |code: &Code| format!("{}-", code.as_str().to_lowercase());
    for code in Code::ALL.iter().filter(|code| !GENERATED.contains(code)) {
        let cases: Vec<PathBuf> = cases()
            .into_iter()
            .filter(|file| file.file_name().unwrap().to_str().unwrap().starts_with(&named(code)))
            .collect();
        assert!(!cases.is_empty(), "no case for {code}");
        for case in cases {
            let codes: BTreeSet<Code> = read(&fs::read(&case).unwrap()).diagnostics.iter().map(|d| d.code).collect();
            assert!(codes.contains(code), "{} shows {codes:?}", case.display());
        }
    }
}

#[test]
fn each_code_is_explained_and_numbered_once() {
    let mut numbers = BTreeSet::new();
    let mut titles = BTreeSet::new();
    for code in Code::ALL {
        assert!(numbers.insert(code.as_str()), "{code} twice");
        let letter = code.severity().to_string().chars().next().unwrap().to_ascii_uppercase();
        assert!(code.as_str().starts_with(letter), "{code}");
        assert!(titles.insert(code.title()) && !code.title().ends_with('.'), "{code}: {}", code.title());
        let explained = code.explanation();
        assert!(explained.len() > 40 && explained.ends_with('.'), "{code}: {explained}");
    }
    assert_eq!(Code::BadJoin.title(), "A join that cannot wait for its branches");
}

/// A document that is right but for one thing has one code for it.
#[test]
fn things_with_different_remedies_have_different_codes() {
    for (file, codes) in [
        ("w002-no-effect", &[Code::NoEffect][..]),
        ("w013-mode", &[Code::Overridden]),
        ("w014-dead-end", &[Code::DeadEnd]),
        ("w015-revocation", &[Code::RevokesNothing]),
        ("w006-shared-key", &[Code::SharedKey]),
        ("w016-forgotten-key", &[Code::ForgottenKey]),
        ("e039-interlock-is-a-key", &[Code::SharedVariable]),
        ("e040-exempts-no-path", &[Code::NoWorkflows, Code::ExemptsHost]),
        ("e041-two-choices", &[Code::OneOnly]),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics").join(file).with_extension("yaml");
        let found: BTreeSet<Code> = read(&fs::read(path).unwrap()).diagnostics.iter().map(|d| d.code).collect();
        assert_eq!(found, codes.iter().copied().collect(), "{file}");
    }
}

fn idle_actors(count: usize, padding: &str) -> String {
    let mut text = String::from(
        "workflow: w\nrevision: 1\ntrust_domain: t\ntasks: {s: {actor: a, initial: true}, w: {actor: b, requests: [{path: /w}]}}\n",
    );
    text.push_str("transitions: [{from: s, to: w}]\nactors:\n  a: {spiffe: [a]}\n  b: {spiffe: [b]}\n");
    for number in 0..count {
        text.push_str(&format!("  idle-{number}: {{spiffe: [x/{number}], attributes: {{note: \"{padding}\"}}}}\n"));
    }
    text
}

#[test]
fn past_a_bound_diagnostics_are_counted() {
    let outcome = read(idle_actors(MAX_DIAGNOSTICS + 10, "").as_bytes());
    assert!(outcome.checked.is_some());
    let last = outcome.diagnostics.last().unwrap();
    assert_eq!((outcome.diagnostics.len(), last.code), (MAX_DIAGNOSTICS + 1, Code::More));
    assert_eq!(last.message, "10 more diagnostics are not shown");
}

#[test]
fn a_configuration_that_no_cluster_stores_is_a_warning() {
    let peers = (0..256).map(|n| format!("spiffe://t/{n}/{}", "x".repeat(1900))).collect::<Vec<_>>().join(", ");
    let exempt: String = (0..3).map(|n| format!("  - {{path: /{n}, peers: [{peers}]}}\n")).collect();
    let outcome = read(format!("exempt:\n{exempt}workflows: []\n").as_bytes());
    let codes: Vec<Code> = outcome.diagnostics.iter().map(|d| d.code).collect();
    assert_eq!(codes, [Code::Large, Code::NoWorkflows]);
}

#[test]
fn too_large_an_input_is_rejected_unread() {
    let outcome = read(&vec![b'a'; MAX_INPUT + 1]);
    assert_eq!(outcome.diagnostics.first().unwrap().code, Code::Unreadable);
    assert!(outcome.checked.is_none());
}

#[test]
fn an_input_that_is_not_text_is_rejected_with_its_place() {
    for (text, place) in [(&b"a: b\nc\xc3\xa9: \xff\n"[..], "2:5"), (b"a: b\nc: \0", "2:4")] {
        let outcome = read(text);
        let said = outcome.diagnostics.first().unwrap().to_string();
        assert!(said.starts_with(&format!("error[E001] {place}: ")), "{said}");
        assert!(!render(&outcome.diagnostics, text, "x.yaml", true).is_empty());
    }
}

#[test]
fn a_diagnostic_is_one_line_for_a_log() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics/e014-unknown-task.yaml");
    let outcome = read(&fs::read(file).unwrap());
    assert_eq!(
        outcome.diagnostics.first().unwrap().to_string(),
        "error[E014] 11:23: transition to unknown task `grad`: did you mean `grade` (line 9)?"
    );
}
