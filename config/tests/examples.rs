//! Every example is valid, without warnings.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};

use stepgate_config::{Checked, Severity, read};

fn examples(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|of| of == "yaml")).collect();
    files.sort();
    assert!(!files.is_empty(), "no examples in {}", folder.display());
    files
}

#[test]
fn every_example_is_valid() {
    for file in examples("examples").into_iter().chain(examples("examples/gate")) {
        let outcome = read(&fs::read(&file).unwrap());
        let worse: Vec<String> =
            outcome.diagnostics.iter().filter(|d| d.severity() != Severity::Note).map(ToString::to_string).collect();
        assert!(worse.is_empty(), "{}: {worse:#?}", file.display());
        assert!(outcome.checked.is_some(), "{}", file.display());
    }
}

#[test]
fn a_gates_configuration_contains_the_document_unchanged() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let checked = |file: &str| read(&fs::read(folder.join(file)).unwrap()).checked.unwrap();
    let (Checked::Workflow(alone), Checked::Gate(gate)) = (checked("movie.yaml"), checked("gate/movie.yaml")) else {
        panic!("a document and a gate's configuration");
    };
    assert_eq!(gate.workflows.len(), 1);
    assert_eq!(gate.workflows[0].digest, alone.digest);
}
