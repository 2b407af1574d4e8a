//! The committed JSON Schemas are those of the tables. `BLESS=1 cargo test` writes them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::Path;

use stepgate_config::{Language, json_schema, reference_markdown};

#[test]
fn the_committed_schemas_are_current() {
    for (language, file) in [(Language::Workflow, "workflow.schema.json"), (Language::Gate, "gate.schema.json")] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema").join(file);
        let current = json_schema(language);
        if std::env::var_os("BLESS").is_some() {
            fs::write(&path, format!("{current:#}\n")).unwrap();
        }
        let committed: serde_json::Value =
            serde_json::from_slice(&fs::read(&path).unwrap_or_default()).unwrap_or_default();
        assert!(committed == current, "{file} is not current: BLESS=1 cargo test -p stepgate-config --test schema");
    }
}

#[test]
fn the_reference_has_every_key_of_the_schema() {
    let reference = [Language::Workflow, Language::Gate].map(reference_markdown).concat();
    for language in [Language::Workflow, Language::Gate] {
        let schema = json_schema(language);
        let definitions = schema["$defs"].as_object().unwrap().values().chain([&schema]);
        for key in definitions.flat_map(|object| object["properties"].as_object().unwrap().keys()) {
            assert!(reference.contains(&format!("| `{key}` |")), "{key}");
        }
    }
}
