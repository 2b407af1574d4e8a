//! Proposals are followed by a program: each document in `diagnostics` with the lines of a diagnostic's example in place of
//! what it marks. The diagnostic is gone then, no error is new, and all that the document guaranteed it still guarantees.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking"
)]

mod proposals {
    pub(crate) mod follow;
    pub(crate) mod guarantees;
}

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proposals::follow::follow;
use proposals::guarantees::lost;
use stepgate_config::{Code, Diagnostic, Severity, read, to_json};

/// The documents of `diagnostics`, and further ones that are each wrong in one way.
fn documents() -> Vec<(PathBuf, String)> {
    let folder = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name);
    let files = ["diagnostics", "proposals"].into_iter().flat_map(|name| fs::read_dir(folder(name)).unwrap());
    let mut files: Vec<PathBuf> = files.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|of| of == "yaml"));
    files.sort();
    files.into_iter().filter_map(|file| Some((file.clone(), fs::read_to_string(file).ok()?))).collect()
}

/// How many diagnostics of each code.
fn codes(diagnostics: &[Diagnostic]) -> BTreeMap<Code, usize> {
    let mut codes = BTreeMap::new();
    diagnostics.iter().for_each(|one| *codes.entry(one.code).or_default() += 1);
    codes
}

#[test]
fn a_proposal_that_is_followed_leads_to_the_document_that_was_meant() {
    let mut wrong = Vec::new();
    let mut followed = 0;
    for (file, text) in documents() {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let before = read(text.as_bytes()).diagnostics;
        for diagnostic in before.iter().filter(|one| one.example.is_some()) {
            let example = diagnostic.example.as_deref().unwrap();
            followed += 1;
            let proposed = to_json(example.as_bytes()).unwrap_or_else(|found| panic!("{name}: {example}\n{found:?}"));
            let Ok(document) = to_json(text.as_bytes()) else { panic!("{name}: a proposal for what is no YAML") };
            let result = follow(&document, &text, diagnostic, &proposed);
            let after = read(result.to_string().as_bytes()).diagnostics;
            let said = format!("{}: {}", diagnostic.code, diagnostic.message);
            let (before, after) = (codes(&before), codes(&after));
            if after.get(&diagnostic.code) >= before.get(&diagnostic.code) {
                wrong.push(format!("{name}: {said}: it is still there after:\n{example}\n{result}"));
            }
            let new: Vec<&Code> = after.keys().filter(|code| after.get(code) > before.get(code)).collect();
            if new.iter().any(|code| code.severity() == Severity::Error) {
                wrong.push(format!("{name}: {said}: new errors {new:?} after:\n{example}\n{result}"));
            }
            let lost = lost(&document, &result, diagnostic.code);
            if !lost.is_empty() {
                wrong.push(format!("{name}: {said}: it takes away {lost:?}:\n{example}\n{result}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(followed > 50, "only {followed} proposals");
}

/// A document in `proposals` is wrong in one way: its proposal leads to a document without errors.
#[test]
fn a_document_that_is_wrong_in_one_way_is_right_after_its_proposal() {
    for (file, text) in documents().into_iter().filter(|(file, _)| file.parent().unwrap().ends_with("proposals")) {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let found = read(text.as_bytes()).diagnostics;
        let errors: Vec<&Diagnostic> = found.iter().filter(|one| one.is_error()).collect();
        let [error] = errors.as_slice() else { panic!("{name}: {errors:?}") };
        assert!(name.starts_with(&error.code.as_str().to_lowercase()), "{name}: {}", error.code);
        let example = error.example.as_deref().unwrap_or_else(|| panic!("{name}: no proposal"));
        let document = to_json(text.as_bytes()).unwrap();
        let result = follow(&document, &text, error, &to_json(example.as_bytes()).unwrap());
        let after = read(result.to_string().as_bytes());
        assert!(after.checked.is_some(), "{name}:\n{example}\n{:?}", after.diagnostics);
    }
}
