//! The digest by which two gates know that they hold the same document.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::serde_text;

/// Bytes of a SHA-256.
const BYTES: usize = 32;

/// SHA-256 of a document's meaning: equal for YAML and JSON, whatever the spelling, the order of
/// keys or the comments; different for any change that a decision could see.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(Arc<str>);

/// The text is not a digest: 43 characters of canonical base64url (RFC 4648, section 5), without padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a digest is 43 characters of base64url, without padding")]
pub struct DigestError;

impl Digest {
    /// The digest of canonical bytes.
    pub(crate) fn of(canonical: &[u8]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(hmac_sha256::Hash::hash(canonical)).into())
    }

    /// 43 characters of base64url (RFC 4648, section 5), without padding.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&str> for Digest {
    type Error = DigestError;
    fn try_from(text: &str) -> Result<Self, DigestError> {
        // The decoder takes whole groups of 3 bytes.
        let mut bytes = [0; BYTES.next_multiple_of(3)];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(BYTES) => Ok(Self(text.into())),
            Ok(_) | Err(_) => Err(DigestError),
        }
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde_text::deserialize(deserializer, |text| Self::try_from(text))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_read_as_it_is_written_and_in_no_other_spelling() {
        let digest = Digest::of(b"any");
        assert_eq!(Digest::try_from(digest.as_str()), Ok(digest));
        let of_zeros = "A".repeat(43);
        assert!(Digest::try_from(of_zeros.as_str()).is_ok());
        let [short, bit, slash] = ["A".repeat(42), format!("{}B", "A".repeat(42)), "/".repeat(43)];
        // Too short, too long, padded, a bit that no byte has, not base64url.
        for other in ["", &short, &format!("{of_zeros}A"), &format!("{of_zeros}="), &bit, &slash] {
            assert_eq!(Digest::try_from(other), Err(DigestError), "{other}");
        }
    }
}
