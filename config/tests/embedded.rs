//! Documents and configurations within manifests and bootstraps.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use stepgate_config::{Checked, Code, read_all};

fn repository(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

/// The names of the workflows of each part; none for a part with errors.
fn workflows(text: &str) -> Vec<Option<Vec<String>>> {
    let named = |checked: Checked| match checked {
        Checked::Workflow(workflow) => vec![workflow.name.to_string()],
        Checked::Gate(gate) => gate.workflows.iter().map(|workflow| workflow.name.to_string()).collect(),
    };
    read_all(text.as_bytes()).into_iter().map(|outcome| outcome.checked.map(named)).collect()
}

#[test]
fn a_document_is_found_as_it_is() {
    let movie = repository("config/examples/movie.yaml");
    assert_eq!(workflows(&movie), [Some(vec!["movie".to_owned()])]);
    let both = format!("{movie}---\n{}", repository("config/examples/gate/movie.yaml"));
    assert_eq!(workflows(&both).len(), 2);
}

#[test]
fn the_gates_of_a_manifest_and_of_a_bootstrap_are_found() {
    for file in ["istio/movie/base/movie.yaml", "envoy/local.yaml"] {
        assert_eq!(workflows(&repository(file)), [Some(vec!["movie".to_owned()])], "{file}");
    }
    // As `kubectl get -o json` prints it.
    let manifest = "apiVersion: v1\nkind: Secret\n";
    assert_eq!(workflows(manifest), []);
    let gate = stepgate_config::to_json(repository("config/examples/gate/movie.yaml").as_bytes()).unwrap();
    let list = serde_json::json!({"kind": "List", "items": [{"kind": "WasmPlugin", "spec": {"pluginConfig": gate}}]});
    assert_eq!(workflows(&list.to_string()), [Some(vec!["movie".to_owned()])]);
}

#[test]
fn an_error_has_its_place_in_the_manifest() {
    let manifest = repository("istio/movie/base/movie.yaml");
    let text = manifest.replacen("- brief -> shots", "- brief -> shot", 1);
    let line = 1 + text.lines().position(|line| line.contains("- brief -> shot ")).unwrap();
    let found = read_all(text.as_bytes()).remove(0);
    let error = found.diagnostics.iter().find(|diagnostic| diagnostic.code == Code::UnknownTask).unwrap();
    assert!(found.checked.is_none());
    assert_eq!(usize::try_from(error.primary.line).unwrap(), line);
    // In a string, the place is the string.
    let found = read_all(repository("envoy/local.yaml").replacen(r#""to": "shots""#, r#""to": "shot""#, 1).as_bytes())
        .remove(0);
    assert!(found.checked.is_none());
    let error = found.diagnostics.iter().find(|diagnostic| diagnostic.code == Code::UnknownTask).unwrap();
    assert!(error.message.contains("of this text") && error.primary.line > 10, "{error}");
}

/// A gate takes JSON only.
#[test]
fn yaml_in_a_string_of_a_bootstrap_is_an_error() {
    let gate = repository("config/examples/gate/movie.yaml");
    let bootstrap = |text: &str| serde_json::json!({"configuration": {"value": text}}).to_string();
    let json = stepgate_config::to_json(gate.as_bytes()).unwrap().to_string();
    assert_eq!(workflows(&bootstrap(&json)), [Some(vec!["movie".to_owned()])]);
    for text in [&gate, &format!("\u{feff}{json}"), &json.replacen('}', ",}", 1)] {
        assert_eq!(workflows(&bootstrap(text)), [None]);
        let found = read_all(bootstrap(text).as_bytes()).remove(0);
        assert!(found.diagnostics.iter().any(|diagnostic| diagnostic.code == Code::Syntax));
    }
}

/// Errors of the syntax count where they are within a part, and where their place is not known.
#[test]
fn others_may_write_yaml_that_the_language_does_not_have() {
    let manifest = repository("istio/movie/base/movie.yaml");
    let other = "apiVersion: v1\nkind: Pod\nspec: {mode: 0644, on: no, tagged: !x y}\n";
    assert_eq!(workflows(&format!("{other}---\n{manifest}")), [Some(vec!["movie".to_owned()])]);
    let within = manifest.replacen("revision: 1", "revision: 0_1", 1);
    assert_eq!(workflows(&format!("{other}---\n{within}")), [None]);
    let many: String = (0..300).map(|n| format!("  k{n}: 0644\n")).collect();
    assert_eq!(workflows(&format!("kind: Pod\nspec:\n{many}---\n{within}")), [None]);
    // What cannot be read to its end may have anything in it.
    assert_eq!(workflows(&format!("{manifest}---\na: *b\n")), [None]);
    assert_eq!(workflows(&format!("{manifest}---\n{{")), [None]);
}

/// A mistyped document is still one of ours.
#[test]
fn a_document_with_a_mistyped_key_is_not_overlooked() {
    let movie = repository("config/examples/movie.yaml");
    assert_eq!(workflows(&movie.replacen("workflow:", "worklfow:", 1)), [None]);
    assert_eq!(workflows(&movie.replacen("transitions:", "transition:", 1)), [None]);
}
