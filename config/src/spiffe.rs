//! SPIFFE IDs and trust domains, as in the SPIFFE-ID standard, section 2.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use crate::serde_text;

/// Longest SPIFFE ID, in bytes (SPIFFE-ID, section 2.3).
pub const MAX_SPIFFE_ID: usize = 2048;
/// Longest trust domain, in bytes (SPIFFE-ID, section 2.3).
pub const MAX_TRUST_DOMAIN: usize = 255;

const SCHEME: &str = "spiffe://";

/// Why a text is not a SPIFFE ID or trust domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SpiffeIdError {
    /// Longer than [`MAX_SPIFFE_ID`].
    #[error("a SPIFFE ID has at most 2048 bytes")]
    TooLong,
    /// Does not begin with `spiffe://`.
    #[error("a SPIFFE ID begins with `spiffe://`")]
    Scheme,
    /// The trust domain is empty, too long, or has characters other than `[a-z0-9._-]`.
    #[error("a trust domain has 1 to 255 bytes of `[a-z0-9._-]`")]
    TrustDomain,
    /// The path is missing, ends in `/`, has an empty, `.` or `..` segment, or has characters other than `[a-zA-Z0-9._-]`.
    #[error("a workload's path is `/` and segments of `[a-zA-Z0-9._-]`, none of them empty, `.` or `..`")]
    Path,
    /// Not exactly one open segment, or one that is not a whole segment of the path.
    #[error("an open segment is one whole segment of the path, such as `{{pod}}`, and the only one of its ID")]
    Open,
}

/// The authority of a SPIFFE ID: lower case, 1 to 255 bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrustDomain(Arc<str>);

impl TrustDomain {
    /// The trust domain as text, without scheme.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&str> for TrustDomain {
    type Error = SpiffeIdError;
    fn try_from(text: &str) -> Result<Self, SpiffeIdError> {
        if is_domain(text.as_bytes()) { Ok(Self(text.into())) } else { Err(SpiffeIdError::TrustDomain) }
    }
}

fn is_domain(text: &[u8]) -> bool {
    (1..=MAX_TRUST_DOMAIN).contains(&text.len())
        && text.iter().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'))
}

impl fmt::Display for TrustDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A workload's SPIFFE ID: `spiffe://TRUST-DOMAIN/PATH`, at most 2,048 bytes. The path is required: an ID
/// without one names a trust domain, not a workload.
#[derive(Debug, Clone)]
pub struct SpiffeId(Arc<str>);

impl SpiffeId {
    /// The whole URI.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The trust domain, as text.
    pub fn trust_domain(&self) -> &str {
        let rest = self.0.strip_prefix(SCHEME).unwrap_or_default();
        rest.split_once('/').map_or(rest, |(domain, _)| domain)
    }

    /// An ID as documents write it: absolute, or relative to `domain`. Without a domain, only its form is checked.
    pub(crate) fn written(text: &str, domain: Option<&TrustDomain>) -> Result<Self, SpiffeIdError> {
        // With a colon it is a URI: `https://x` must not be read as a path.
        if text.contains(':') {
            return Self::try_from(text.as_bytes());
        }
        match domain {
            Some(domain) => Self::within(domain, text),
            None => Self::within(&TrustDomain::try_from("a")?, text),
        }
    }

    /// The path, without its leading `/`.
    pub fn path(&self) -> &str {
        let rest = self.0.strip_prefix(SCHEME).unwrap_or_default();
        rest.split_once('/').map_or("", |(_, path)| path)
    }

    /// The ID of the workload at `path` (with or without its leading `/`) in `domain`.
    ///
    /// # Errors
    /// Where the result is not a SPIFFE ID.
    pub fn within(domain: &TrustDomain, path: &str) -> Result<Self, SpiffeIdError> {
        let path = path.strip_prefix('/').unwrap_or(path);
        Self::try_from(format!("{SCHEME}{domain}/{path}").as_bytes())
    }
}

/// The order of the bytes, as texts have it. The IDs of a mesh begin alike, and the library compares byte by byte: here it is
/// eight at a time.
impl Ord for SpiffeId {
    fn cmp(&self, other: &Self) -> Ordering {
        let (mut own, mut other) = (self.0.as_bytes(), other.0.as_bytes());
        while let (Some((a, own_rest)), Some((b, other_rest))) = (own.split_first_chunk(), other.split_first_chunk()) {
            let (a, b) = (u64::from_be_bytes(*a), u64::from_be_bytes(*b));
            if a != b {
                return a.cmp(&b);
            }
            (own, other) = (own_rest, other_rest);
        }
        own.cmp(other)
    }
}

impl PartialOrd for SpiffeId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for SpiffeId {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.cmp(other).is_eq()
    }
}

impl Eq for SpiffeId {}

impl Hash for SpiffeId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl TryFrom<&[u8]> for SpiffeId {
    type Error = SpiffeIdError;
    fn try_from(bytes: &[u8]) -> Result<Self, SpiffeIdError> {
        if bytes.len() > MAX_SPIFFE_ID {
            return Err(SpiffeIdError::TooLong);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| SpiffeIdError::Path)?;
        let rest = bytes.strip_prefix(SCHEME.as_bytes()).ok_or(SpiffeIdError::Scheme)?;
        // By bytes: a search for a character in a text costs more than these short parts.
        let mut parts = rest.split(|byte| *byte == b'/');
        let domain = parts.next().unwrap_or_default();
        if domain.len() == rest.len() {
            return Err(SpiffeIdError::Path);
        }
        if !is_domain(domain) {
            return Err(SpiffeIdError::TrustDomain);
        }
        if parts.all(is_segment) { Ok(Self(text.into())) } else { Err(SpiffeIdError::Path) }
    }
}

fn is_segment(segment: &[u8]) -> bool {
    !matches!(segment, b"" | b"." | b"..")
        && segment.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

impl fmt::Display for SpiffeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for SpiffeId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for SpiffeId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde_text::deserialize(deserializer, |text| Self::try_from(text.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_workloads_id_has_a_trust_domain_and_a_path() {
        let id = SpiffeId::try_from(&b"spiffe://cluster.local/ns/movie/sa/vfx-1"[..]).unwrap();
        assert_eq!(id.trust_domain(), "cluster.local");
        assert_eq!(
            id,
            SpiffeId::within(&TrustDomain::try_from("cluster.local").unwrap(), "ns/movie/sa/vfx-1").unwrap()
        );
    }

    #[test]
    fn other_texts_are_rejected_with_the_reason() {
        for (text, error) in [
            ("https://cluster.local/x", SpiffeIdError::Scheme),
            ("SPIFFE://cluster.local/x", SpiffeIdError::Scheme),
            ("spiffe://Cluster.local/x", SpiffeIdError::TrustDomain),
            ("spiffe:///x", SpiffeIdError::TrustDomain),
            ("spiffe://cluster.local", SpiffeIdError::Path),
            ("spiffe://cluster.local/", SpiffeIdError::Path),
            ("spiffe://cluster.local/a//b", SpiffeIdError::Path),
            ("spiffe://cluster.local/a/../b", SpiffeIdError::Path),
            ("spiffe://cluster.local/a%2fb", SpiffeIdError::Path),
            ("spiffe://cluster.local/a?b", SpiffeIdError::Path),
        ] {
            assert_eq!(SpiffeId::try_from(text.as_bytes()), Err(error), "{text}");
        }
        let long = format!("spiffe://a/{}", "x".repeat(MAX_SPIFFE_ID));
        assert_eq!(SpiffeId::try_from(long.as_bytes()), Err(SpiffeIdError::TooLong));
    }

    proptest! {
        #[test]
        fn ids_have_the_order_of_their_texts(texts in proptest::collection::vec("spiffe://a(/[ab]{1,12}){1,2}", 2)) {
            let ids: Vec<SpiffeId> = texts.iter().map(|text| text.as_bytes().try_into().unwrap()).collect();
            prop_assert_eq!(ids[0].cmp(&ids[1]), texts[0].cmp(&texts[1]));
            prop_assert_eq!(ids[0] == ids[1], texts[0] == texts[1]);
        }
    }
}
