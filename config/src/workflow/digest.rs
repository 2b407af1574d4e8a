//! The digest by which gates compare their documents.

use std::fmt;

use ct_codecs::{Base64UrlSafeNoPadding, Encoder};

/// SHA-256 of a document's meaning: equal for YAML and JSON, and independent of notation, order of keys and comments;
/// different for any change that could change a decision.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(String);

impl Digest {
    /// The digest of canonical bytes.
    pub(crate) fn of(canonical: &[u8]) -> Self {
        // Encoding 32 bytes cannot fail; an empty digest would match no token.
        Self(Base64UrlSafeNoPadding::encode_to_string(hmac_sha256::Hash::hash(canonical)).unwrap_or_default())
    }

    /// 43 characters of base64url (RFC 4648, section 5), without padding.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({})", self.0)
    }
}
