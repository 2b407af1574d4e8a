//! Blobs and the descriptors that name them.

use std::str::FromStr;

use oci_spec::image::{Descriptor, MediaType, Sha256Digest};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::error::ImageError;

/// The digest of a blob as registries write it: `sha256:` and 64 hexadecimal digits.
pub fn digest(content: &[u8]) -> String {
    format!("sha256:{}", hex(content))
}

/// The descriptor of a blob.
pub(crate) fn descriptor(media_type: MediaType, content: &[u8]) -> Result<Descriptor, ImageError> {
    let size = u64::try_from(content.len()).map_err(std::io::Error::other)?;
    Ok(Descriptor::new(media_type, size, Sha256Digest::from_str(&hex(content))?))
}

/// An object as JSON with sorted keys: annotations are hash maps, which have another order in every process.
pub(crate) fn json(object: &impl Serialize) -> Result<Vec<u8>, ImageError> {
    Ok(serde_json::to_value(object)?.to_string().into_bytes())
}

fn hex(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}
