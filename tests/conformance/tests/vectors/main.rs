//! The test vectors of docs/protocol.md, in `docs/vectors.json`: they are current, and they hold by other means than the
//! gate's. `make vectors` writes them anew.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

mod generated;
mod vectors;
mod verified;

use std::path::PathBuf;

use vectors::Vectors;

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/vectors.json")
}

#[test]
fn the_vectors_are_those_of_the_gate() {
    let text = format!("{:#}\n", serde_json::to_value(generated::vectors()).unwrap());
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(file(), &text).unwrap();
    }
    let kept = std::fs::read_to_string(file()).unwrap_or_default();
    assert!(kept == text, "docs/vectors.json is not current: `make vectors` writes it anew");
}

fn kept() -> Vectors {
    serde_json::from_str(&std::fs::read_to_string(file()).unwrap()).unwrap()
}
