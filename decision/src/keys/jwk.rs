//! JWKs (RFC 7517) of the three kinds that gates use.

use std::fmt;

use ct_codecs::{Base64UrlSafeNoPadding, Decoder};
use hmac_sha256::HMAC;
use jwt_simple::prelude::{
    ES256KeyPair, ES256PublicKey, Ed25519KeyPair, Ed25519PublicKey, EdDSAKeyPairLike, EdDSAPublicKeyLike, HS256Key,
    MACLike,
};
use serde::Deserialize;

use super::ecdsa::{EcPair, EcPublic};

/// Shortest HMAC key, in bytes (RFC 7518, section 3.2).
const MIN_HMAC_KEY: usize = 32;
/// Longest JWK, in bytes: what Istio lets an environment variable hold.
const MAX_JWK: usize = 2048;

/// The algorithms that gates sign with (RFC 7518, section 3.1; RFC 8037, section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC with SHA-256: one key for all gates of a workflow.
    Hs256,
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// The `alg` header parameter.
    pub fn alg(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }
}

/// Why a text is not a usable JWK. It never repeats the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JwkError(&'static str);

impl fmt::Display for JwkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for JwkError {}

/// A key, as the library holds it.
pub enum Material {
    /// A shared secret.
    Hmac(HS256Key),
    /// An ECDSA key pair.
    EcPair(EcPair),
    /// An ECDSA public key.
    EcPublic(EcPublic),
    /// An Ed25519 key pair.
    EdPair(Ed25519KeyPair),
    /// An Ed25519 public key.
    EdPublic(Ed25519PublicKey),
}

impl Material {
    /// The algorithm for which the key is.
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::Hmac(_) => Algorithm::Hs256,
            Self::EcPair(_) | Self::EcPublic(_) => Algorithm::Es256,
            Self::EdPair(_) | Self::EdPublic(_) => Algorithm::EdDsa,
        }
    }

    /// Whether it can sign.
    pub fn signs(&self) -> bool {
        match self {
            Self::Hmac(_) | Self::EcPair(_) | Self::EdPair(_) => true,
            Self::EcPublic(_) | Self::EdPublic(_) => false,
        }
    }

    /// Whether these bytes are the key's signature (JWS, RFC 7515) over the text.
    pub fn verifies(&self, text: &[u8], signature: &[u8]) -> bool {
        match self {
            // In constant time.
            Self::Hmac(key) => signature.try_into().is_ok_and(|tag| HMAC::verify(text, key.key().as_ref(), tag)),
            Self::EcPair(key) => key.public.verifies(text, signature),
            Self::EcPublic(key) => key.verifies(text, signature),
            Self::EdPair(key) => ed25519(&key.key_pair().as_ref().pk, text, signature),
            Self::EdPublic(key) => ed25519(key.public_key().as_ref(), text, signature),
        }
    }

    /// The public key of ECDSA.
    pub fn ec_public(&self) -> Option<&EcPublic> {
        match self {
            Self::EcPair(key) => Some(&key.public),
            Self::EcPublic(key) => Some(key),
            Self::Hmac(_) | Self::EdPair(_) | Self::EdPublic(_) => None,
        }
    }

    /// The key pair of ECDSA.
    pub fn ec_pair(&self) -> Option<&EcPair> {
        match self {
            Self::EcPair(key) => Some(key),
            Self::EcPublic(_) | Self::Hmac(_) | Self::EdPair(_) | Self::EdPublic(_) => None,
        }
    }

    /// Reads a JWK. `alg`, where it stands, must agree with `kty`; `kid`, where it stands, with `kid`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_jwk(text: &str, kid: &str) -> Result<Self, JwkError> {
        if text.len() > MAX_JWK {
            return Err(JwkError("the JWK has more than 2048 bytes"));
        }
        let jwk: Members = serde_json::from_str(text).map_err(|_| JwkError("the value is not a JWK (RFC 7517)"))?;
        if jwk.kid.as_deref().is_some_and(|own| own != kid) {
            return Err(JwkError("the JWK's `kid` is not the one configured"));
        }
        let material = match (jwk.kty.as_str(), jwk.crv.as_deref(), jwk.d.is_some()) {
            ("oct", None, false) => Self::Hmac(hmac(&jwk)?.with_key_id(kid)),
            ("EC", Some("P-256"), true) => {
                let pair = ES256KeyPair::from_jwk(text).ok().map(|pair| pair.with_key_id(kid));
                Self::EcPair(pair.and_then(EcPair::new).ok_or(JwkError("the EC key pair is not valid"))?)
            }
            ("EC", Some("P-256"), false) => {
                let key = ES256PublicKey::from_jwk(text).ok().map(|key| key.with_key_id(kid));
                Self::EcPublic(key.and_then(EcPublic::new).ok_or(JwkError("the EC public key is not valid"))?)
            }
            ("OKP", Some("Ed25519"), true) => Self::EdPair(
                Ed25519KeyPair::from_jwk(text)
                    .map_err(|_| JwkError("the Ed25519 key pair is not valid"))?
                    .with_key_id(kid),
            ),
            ("OKP", Some("Ed25519"), false) => Self::EdPublic(
                Ed25519PublicKey::from_jwk(text)
                    .map_err(|_| JwkError("the Ed25519 public key is not valid"))?
                    .with_key_id(kid),
            ),
            _ => return Err(JwkError("a key is `oct`, `EC` on `P-256`, or `OKP` on `Ed25519`")),
        };
        if jwk.alg.as_deref().is_some_and(|alg| alg != material.algorithm().alg()) {
            return Err(JwkError("the JWK's `alg` does not agree with its `kty`"));
        }
        Ok(material)
    }
}

/// The members that are looked at here; the library reads the rest of an asymmetric key strictly.
#[derive(Deserialize)]
struct Members {
    kty: String,
    crv: Option<String>,
    alg: Option<String>,
    kid: Option<String>,
    k: Option<String>,
    d: Option<serde_json::Value>,
}

fn hmac(jwk: &Members) -> Result<HS256Key, JwkError> {
    let k = jwk.k.as_deref().ok_or(JwkError("an `oct` key has a `k`"))?;
    let secret =
        Base64UrlSafeNoPadding::decode_to_vec(k, None).map_err(|_| JwkError("`k` is not base64url without padding"))?;
    if secret.len() < MIN_HMAC_KEY {
        return Err(JwkError("an HS256 key has at least 32 bytes"));
    }
    Ok(HS256Key::from_bytes(&secret))
}

fn ed25519(key: &ed25519_compact::PublicKey, text: &[u8], signature: &[u8]) -> bool {
    ed25519_compact::Signature::from_slice(signature).is_ok_and(|signature| key.verify(text, &signature).is_ok())
}
