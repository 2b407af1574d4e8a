//! Properties of any input: reading it ends, its diagnostics point into it, and a document has the same meaning in YAML
//! and in JSON.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use stepgate_config::{Checked, Diagnostic, Form, MAX_DIAGNOSTICS, Outcome, Span, read, render, rewrite, to_json};

/// Valid documents and configurations, which the tests change.
static EXAMPLES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let files = [root.clone(), root.join("gate")].into_iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let mut paths: Vec<_> =
        files.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
});

/// Texts that are inserted into them.
const PIECES: [&str; 50] = [
    "&a ",
    "*a",
    "<<: ",
    "!!python/object ",
    "!a ",
    "---\n",
    "...\n",
    "%YAML 1.1\n",
    "\t",
    "\r",
    "\r\n",
    "\u{2028}",
    "\u{85}",
    "\u{feff}",
    "\0",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    ":",
    ": ",
    "- ",
    "? ",
    "|\n",
    ">-\n",
    "# ",
    "\n",
    "  ",
    "1e400",
    "0x10",
    "0o17",
    "010",
    "1_000",
    ".nan",
    "-.inf",
    "no",
    "on",
    "~",
    "null",
    "true",
    "99999999999999999999",
    "\u{430}",
    "ﬁ",
    "\u{202e}",
    "é",
    "\\x00",
    "{{{{{{{{{{",
    "when: '[[['\n",
];

/// One change of a text.
#[derive(Debug, Clone)]
enum Change {
    Put(prop::sample::Index, &'static str),
    Cut(prop::sample::Index, usize),
    Again(prop::sample::Index, usize),
    Byte(prop::sample::Index, u8),
}

fn change() -> impl Strategy<Value = Change> {
    let place = any::<prop::sample::Index>;
    prop_oneof![
        4 => (place(), proptest::sample::select(&PIECES[..])).prop_map(|(at, piece)| Change::Put(at, piece)),
        2 => (place(), 1_usize..40).prop_map(|(at, size)| Change::Cut(at, size)),
        2 => (place(), 1_usize..60).prop_map(|(at, size)| Change::Again(at, size)),
        1 => (place(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
    ]
}

/// An example with some changes.
fn changed() -> impl Strategy<Value = Vec<u8>> {
    (any::<prop::sample::Index>(), proptest::collection::vec(change(), 0..4), any::<bool>()).prop_map(
        |(example, changes, as_json)| {
            let text = &EXAMPLES[example.index(EXAMPLES.len())];
            let mut bytes =
                if as_json { to_json(text.as_bytes()).unwrap().to_string() } else { text.clone() }.into_bytes();
            for change in changes {
                let place = |at: prop::sample::Index, bytes: &[u8]| at.index(bytes.len() + 1);
                match change {
                    Change::Put(at, piece) => {
                        let at = place(at, &bytes);
                        bytes.splice(at..at, piece.bytes());
                    }
                    Change::Cut(at, size) => {
                        let at = place(at, &bytes);
                        bytes.drain(at..(at + size).min(bytes.len()));
                    }
                    Change::Again(at, size) => {
                        let at = place(at, &bytes);
                        let part = bytes[at..(at + size).min(bytes.len())].to_vec();
                        bytes.splice(at..at, part);
                    }
                    Change::Byte(at, byte) => {
                        let at = place(at, &bytes);
                        bytes.splice(at..at, [byte]);
                    }
                }
            }
            bytes
        },
    )
}

/// Reads the input and checks the properties of the outcome.
fn read_checked(bytes: &[u8]) -> Result<Outcome, TestCaseError> {
    let begun = Instant::now();
    let outcome = read(bytes);
    prop_assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    prop_assert_eq!(outcome.checked.is_none(), outcome.diagnostics.iter().any(Diagnostic::is_error));
    prop_assert!(outcome.diagnostics.len() <= MAX_DIAGNOSTICS + 1);
    for diagnostic in &outcome.diagnostics {
        let spans = [diagnostic.primary].into_iter().chain(diagnostic.secondary.iter().map(|(span, _)| *span));
        for span in spans {
            lies_within(span, bytes)?;
        }
        let line = diagnostic.to_string();
        prop_assert!(!line.contains('\n') && line.len() < 4096, "{}", line);
    }
    // For people, too.
    let _ = render(&outcome.diagnostics, bytes, "x.yaml", false);
    Ok(outcome)
}

fn lies_within(span: Span, bytes: &[u8]) -> Result<(), TestCaseError> {
    let (start, end) = (usize::try_from(span.start).unwrap(), usize::try_from(span.end).unwrap());
    prop_assert!(start <= end && end <= bytes.len(), "{:?} of {}", span, bytes.len());
    let before = String::from_utf8_lossy(&bytes[..start]).into_owned();
    prop_assert!(span.line >= 1 && span.column >= 1);
    // The parser counts the end of the input as a line of its own.
    let at_end = usize::from(start == bytes.len());
    let lines = before.matches('\n').count() + before.replace("\r\n", "").matches('\r').count() + 1 + at_end;
    prop_assert!(usize::try_from(span.line).unwrap() <= lines, "{:?}: line {} of {}", span, span.line, lines);
    if let Ok(text) = std::str::from_utf8(bytes) {
        prop_assert!(text.is_char_boundary(start) && text.is_char_boundary(end), "{:?}", span);
    }
    Ok(())
}

fn digests(outcome: &Outcome) -> Option<Vec<String>> {
    outcome.checked.as_ref().map(|checked| match checked {
        Checked::Workflow(workflow) => vec![workflow.digest.to_string()],
        Checked::Gate(gate) => gate.workflows.iter().map(|workflow| workflow.digest.to_string()).collect(),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        read_checked(&bytes)?;
    }

    #[test]
    fn any_pieces_are_read(pieces in proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..40)) {
        read_checked(pieces.concat().as_bytes())?;
    }

    /// A document, changed or not, has the same meaning as JSON, and as JSON that is written again.
    #[test]
    fn yaml_and_json_are_one_document(bytes in changed()) {
        let outcome = read_checked(&bytes)?;
        match to_json(&bytes) {
            Err(errors) => {
                prop_assert!(!errors.is_empty());
                prop_assert!(outcome.checked.is_none());
            }
            Ok(json) => {
                let again = read_checked(json.to_string().as_bytes())?;
                prop_assert_eq!(digests(&outcome), digests(&again));
                let codes = |outcome: &Outcome| {
                    let mut codes: Vec<_> = outcome.diagnostics.iter().filter(|d| d.is_error()).map(|d| d.code).collect();
                    codes.sort();
                    codes
                };
                prop_assert_eq!(codes(&outcome), codes(&again));
                prop_assert_eq!(to_json(json.to_string().as_bytes()), Ok(json.clone()));
                let pretty = serde_json::to_string_pretty(&json).unwrap();
                prop_assert_eq!(digests(&outcome), digests(&read_checked(pretty.as_bytes())?));
            }
        }
    }

    #[test]
    fn what_is_rewritten_stays(bytes in changed()) {
        let text = String::from_utf8_lossy(&bytes);
        for form in [Form::Short, Form::Long] {
            if let Ok(Some(written)) = rewrite(&text, form) {
                prop_assert_eq!(rewrite(&written, form).ok().flatten(), Some(written), "{}", text);
            }
        }
    }
}
