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
mod verified;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The file. Its members are described in docs/protocol.md.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
    document: Value,
    canonical: String,
    digest: String,
    kid: String,
    key: Value,
    leeway: u64,
    requests: Vec<Request>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    now: u64,
    peer: String,
    #[serde(rename = "self")]
    own: String,
    replica: String,
    method: String,
    path: String,
    host: String,
    steps: Vec<String>,
    step: Minted,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<Minted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<Minted>,
}

/// A token, its two parts in JSON, and the texts from which its `jti` derives.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Minted {
    token: String,
    header: Value,
    claims: Value,
    jti_of: Vec<String>,
}

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
