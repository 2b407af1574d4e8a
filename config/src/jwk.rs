//! JSON Web Keys (RFC 7517): the types and members that gates accept.

use ct_codecs::{Base64UrlSafeNoPadding, Decoder};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use thiserror::Error;

/// Bytes of a coordinate on P-256 (RFC 7518, section 6.2.1.2) and of a public key of Ed25519 (RFC 8037, section 2).
const COORDINATE: usize = 32;

/// The signature algorithms of gates (RFC 7518, section 3.1; RFC 8037, section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC with SHA-256: one secret for all gates of a workflow.
    Hs256,
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 3] = [Self::Hs256, Self::Es256, Self::EdDsa];

    /// The `alg` parameter, in a JWK as in a JWS header.
    pub fn alg(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }
}

/// The type of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyType {
    /// The only algorithm that the key is for.
    pub algorithm: Algorithm,
    /// Whether the JWK has the secret part, so that the key can sign.
    pub secret: bool,
}

/// Why a JWK cannot be used. The message never contains the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum JwkError {
    /// Not a JSON object with the members of a JWK, each once and of its type.
    #[error("the value is not a JWK (RFC 7517)")]
    Malformed,
    /// Another type of key, or another curve.
    #[error("a key is `EC` on `P-256`, `OKP` on `Ed25519`, or `oct`")]
    Type,
    /// `alg` is for another type of key.
    #[error("the JWK's `alg` does not match its `kty`")]
    Algorithm,
    /// `kid` is another one than configured.
    #[error("the JWK's `kid` is not the one configured")]
    Kid,
    /// A secret where only a public key may be.
    #[error("a configuration must not contain a secret key: use `env`")]
    Secret,
    /// `x` or `y` does not have the right length or encoding.
    #[error("a coordinate of a public key is 32 bytes in base64url, without padding")]
    Coordinate,
}

/// The members that decide what a key is.
#[derive(Deserialize)]
struct Members {
    kty: String,
    #[serde(default, deserialize_with = "present")]
    crv: Option<String>,
    #[serde(default, deserialize_with = "present")]
    alg: Option<String>,
    #[serde(default, deserialize_with = "present")]
    kid: Option<String>,
    #[serde(default, deserialize_with = "present")]
    x: Option<String>,
    #[serde(default, deserialize_with = "present")]
    y: Option<String>,
    #[serde(default, deserialize_with = "present")]
    d: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    k: Option<Value>,
}

/// A member that may be absent, but not null: null must not pass for an absent `alg` or `d`.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl Members {
    fn parse(jwk: &str) -> Result<Self, JwkError> {
        serde_json::from_str(jwk).map_err(|_| JwkError::Malformed)
    }

    fn key_type(&self, kid: &str) -> Result<KeyType, JwkError> {
        let (algorithm, secret) = match (self.kty.as_str(), self.crv.as_deref(), self.d.is_some()) {
            ("oct", None, false) => (Algorithm::Hs256, true),
            ("EC", Some("P-256"), secret) => (Algorithm::Es256, secret),
            ("OKP", Some("Ed25519"), secret) => (Algorithm::EdDsa, secret),
            _ => return Err(JwkError::Type),
        };
        // The configured key decides the algorithm, never the token (RFC 8725, section 3.1).
        if self.alg.as_deref().is_some_and(|alg| alg != algorithm.alg()) {
            return Err(JwkError::Algorithm);
        }
        if self.kid.as_deref().is_some_and(|own| own != kid) {
            return Err(JwkError::Kid);
        }
        Ok(KeyType { algorithm, secret })
    }
}

/// The type of the key in `jwk`, which is configured under the identifier `kid`. Only the members that decide the
/// type are read: whether the key itself is valid, its library says.
///
/// # Errors
/// A JWK of a type that gates do not accept, or one whose `alg` or `kid` contradicts the configuration.
pub fn key_type(jwk: &str, kid: &str) -> Result<KeyType, JwkError> {
    Members::parse(jwk)?.key_type(kid)
}

/// Checks a JWK that is written into a configuration: a public key of a type that gates accept.
pub(crate) fn check_public(jwk: &str, kid: &str) -> Result<(), JwkError> {
    let members = Members::parse(jwk)?;
    // Everyone who can read the configuration would have the key.
    if members.d.is_some() || members.k.is_some() || members.kty == "oct" {
        return Err(JwkError::Secret);
    }
    let coordinates = match members.key_type(kid)?.algorithm {
        Algorithm::Es256 => vec![&members.x, &members.y],
        Algorithm::EdDsa => vec![&members.x],
        Algorithm::Hs256 => return Err(JwkError::Secret),
    };
    if coordinates.into_iter().all(|text| is_coordinate(text.as_deref())) { Ok(()) } else { Err(JwkError::Coordinate) }
}

fn is_coordinate(text: Option<&str>) -> bool {
    let decoded = text.and_then(|text| Base64UrlSafeNoPadding::decode_to_vec(text, None).ok());
    decoded.is_some_and(|bytes| bytes.len() == COORDINATE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_of_a_key_decides_its_algorithm() {
        for (jwk, algorithm, secret) in [
            (r#"{"kty": "oct", "k": "AAAA", "kid": "k1"}"#, Algorithm::Hs256, true),
            (r#"{"kty": "EC", "crv": "P-256", "alg": "ES256"}"#, Algorithm::Es256, false),
            (r#"{"kty": "OKP", "crv": "Ed25519", "d": "AAAA"}"#, Algorithm::EdDsa, true),
        ] {
            assert_eq!(key_type(jwk, "k1"), Ok(KeyType { algorithm, secret }), "{jwk}");
        }
    }

    #[test]
    fn other_keys_are_rejected() {
        for (jwk, error) in [
            ("[]", JwkError::Malformed),
            (r#"{"crv": "P-256"}"#, JwkError::Malformed),
            (r#"{"kty": "oct", "kty": "EC"}"#, JwkError::Malformed),
            (r#"{"kty": "EC", "crv": "P-256", "alg": null}"#, JwkError::Malformed),
            (r#"{"kty": "RSA"}"#, JwkError::Type),
            (r#"{"kty": "EC", "crv": "P-384"}"#, JwkError::Type),
            (r#"{"kty": "oct", "crv": "P-256"}"#, JwkError::Type),
            (r#"{"kty": "oct", "d": null}"#, JwkError::Type),
            (r#"{"kty": "oct", "alg": "none"}"#, JwkError::Algorithm),
            (r#"{"kty": "EC", "crv": "P-256", "alg": "HS256"}"#, JwkError::Algorithm),
            (r#"{"kty": "oct", "kid": "k2"}"#, JwkError::Kid),
        ] {
            assert_eq!(key_type(jwk, "k1"), Err(error), "{jwk}");
        }
    }
}
