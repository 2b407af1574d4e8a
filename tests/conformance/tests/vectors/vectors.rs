//! The shape of `docs/vectors.json`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The file. Its members are described in docs/protocol.md.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Vectors {
    pub(super) document: Value,
    pub(super) canonical: String,
    pub(super) digest: String,
    pub(super) kid: String,
    pub(super) key: Value,
    pub(super) leeway: u64,
    pub(super) requests: Vec<Request>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    pub(super) now: u64,
    pub(super) peer: String,
    #[serde(rename = "self")]
    pub(super) own: String,
    pub(super) replica: String,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) host: String,
    pub(super) steps: Vec<String>,
    pub(super) step: Minted,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) start: Option<Minted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) receipt: Option<Minted>,
}

/// A token, its two parts in JSON, and the texts from which its `jti` derives.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Minted {
    pub(super) token: String,
    pub(super) header: Value,
    pub(super) claims: Value,
    pub(super) jti_of: Vec<String>,
}
