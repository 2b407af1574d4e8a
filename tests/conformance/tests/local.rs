//! The local Envoy's bootstrap contains the movie example unchanged: of two documents with one name and revision, each
//! would reject the other's tokens.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::path::Path;

#[test]
fn the_bootstrap_holds_the_example() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |file: &str| std::fs::read_to_string(root.join(file)).unwrap();
    let bootstrap = stepgate_config::to_json(read("envoy/local.yaml").as_bytes()).unwrap_or_else(|e| panic!("{e:?}"));
    let value = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters/0/typed_config/config/configuration/value";
    let configuration = bootstrap.pointer(value).and_then(|value| value.as_str()).unwrap();
    // The filter takes JSON only.
    assert!(serde_json::from_str::<serde_json::Value>(configuration).is_ok());
    let gate = stepgate_config::read_gate(configuration.as_bytes());
    let workflow = &gate.checked.unwrap_or_else(|| panic!("{:?}", gate.diagnostics)).workflows[0];
    let example = stepgate_config::read_workflow(read("config/examples/movie.yaml").as_bytes()).checked.unwrap();
    assert_eq!(workflow.digest, example.digest);
}
