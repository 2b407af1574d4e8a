//! Where a blob is found.

use serde::Serialize;
use sha2::{Digest, Sha256};

/// Its type, digest and size in bytes.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Descriptor {
    #[serde(rename = "mediaType")]
    media_type: &'static str,
    digest: String,
    size: usize,
}

impl Descriptor {
    pub(crate) fn of(media_type: &'static str, content: &[u8]) -> Self {
        Self { media_type, digest: digest(content), size: content.len() }
    }
}

/// A digest as registries write it.
pub fn digest(content: &[u8]) -> String {
    let hex: String = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}
