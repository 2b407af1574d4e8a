//! Keys as the libraries hold them, read from JWKs.

use ct_codecs::{Base64UrlSafeNoPadding, Decoder};
use jwt_simple::prelude::{ES256KeyPair, ES256PublicKey, Ed25519KeyPair, Ed25519PublicKey, HS256Key};
use serde::Deserialize;
use stepgate_config::jwk::{Algorithm, JwkError, key_type};

use super::ecdsa::{EcPair, EcPublic};

/// Shortest HMAC key, in bytes (RFC 7518, section 3.2).
const MIN_HMAC_KEY: usize = 32;
/// Longest JWK, in bytes: the longest value that Istio allows in an environment variable.
const MAX_JWK: usize = 2048;

/// Why a JWK is not a key that can be used. The message never contains the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MaterialError {
    /// More than 2048 bytes.
    #[error("the JWK has more than {MAX_JWK} bytes")]
    TooLong,
    /// Not of a type that gates accept.
    #[error(transparent)]
    Jwk(#[from] JwkError),
    /// An `oct` key without its secret.
    #[error("an `oct` key has a `k`: base64url without padding")]
    NoSecret,
    /// A secret that could be guessed.
    #[error("an HS256 key has at least {MIN_HMAC_KEY} bytes")]
    ShortSecret,
    /// Numbers that are not a key of their type.
    #[error("the {0} is not valid")]
    Invalid(&'static str),
}

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
    /// The algorithm that the key is for.
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

    /// Reads a JWK of a type that [`key_type`] accepts; the library reads the numbers of an asymmetric key strictly.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_jwk(text: &str, kid: &str) -> Result<Self, MaterialError> {
        if text.len() > MAX_JWK {
            return Err(MaterialError::TooLong);
        }
        let key = key_type(text, kid)?;
        let (read, what) = match (key.algorithm, key.secret) {
            (Algorithm::Hs256, _) => return Ok(Self::Hmac(shared_secret(text)?.with_key_id(kid))),
            (Algorithm::Es256, true) => {
                let pair = ES256KeyPair::from_jwk(text).ok().map(|pair| pair.with_key_id(kid));
                (pair.and_then(EcPair::new).map(Self::EcPair), "EC key pair")
            }
            (Algorithm::Es256, false) => {
                let key = ES256PublicKey::from_jwk(text).ok().map(|key| key.with_key_id(kid));
                (key.and_then(EcPublic::new).map(Self::EcPublic), "EC public key")
            }
            (Algorithm::EdDsa, true) => {
                let pair = Ed25519KeyPair::from_jwk(text).ok().map(|pair| pair.with_key_id(kid));
                (pair.map(Self::EdPair), "Ed25519 key pair")
            }
            (Algorithm::EdDsa, false) => {
                let key = Ed25519PublicKey::from_jwk(text).ok().map(|key| key.with_key_id(kid));
                (key.map(Self::EdPublic), "Ed25519 public key")
            }
        };
        read.ok_or(MaterialError::Invalid(what))
    }
}

/// The library reads no `oct` keys.
fn shared_secret(jwk: &str) -> Result<HS256Key, MaterialError> {
    #[derive(Deserialize)]
    struct Secret {
        k: String,
    }

    let Secret { k } = serde_json::from_str(jwk).map_err(|_| MaterialError::NoSecret)?;
    let secret = Base64UrlSafeNoPadding::decode_to_vec(k, None).map_err(|_| MaterialError::NoSecret)?;
    if secret.len() < MIN_HMAC_KEY { Err(MaterialError::ShortSecret) } else { Ok(HS256Key::from_bytes(&secret)) }
}
