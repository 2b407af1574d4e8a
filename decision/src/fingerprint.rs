//! Short names for lists of texts.

use sha2::{Digest, Sha256};

/// Bytes of a fingerprint.
pub(crate) const FINGERPRINT: usize = 16;

/// The first half of a SHA-256 over these parts, each prefixed with its length: no other parts have it.
pub(crate) fn fingerprint(parts: &[&str]) -> [u8; FINGERPRINT] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let whole = hash.finalize();
    let mut half = [0; FINGERPRINT];
    half.iter_mut().zip(whole).for_each(|(to, from)| *to = from);
    half
}
