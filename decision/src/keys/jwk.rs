//! Keys as the libraries hold them, read from JWKs.

use jwt_simple::prelude::{Ed25519KeyPair, Ed25519PublicKey};
use stepgate_config::jwk::{self, Algorithm, Jwk, JwkError};

use super::ecdsa::{EcPair, EcPublic};
use super::hmac::HmacKey;

/// A key, as the library holds it.
pub enum Material {
    /// A shared secret.
    Hmac(HmacKey),
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

    /// Reads a JWK.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_jwk(text: &str, kid: &str) -> Result<Self, JwkError> {
        Ok(match jwk::read(text, kid)? {
            Jwk::Secret(key) => Self::Hmac(HmacKey::new(&key).ok_or(JwkError::ShortSecret)?),
            Jwk::EcPair(pair) => Self::EcPair(EcPair::new(pair.with_key_id(kid)).ok_or(JwkError::EcPair)?),
            Jwk::EcPublic(key) => Self::EcPublic(EcPublic::new(key.with_key_id(kid)).ok_or(JwkError::EcPublic)?),
            Jwk::EdPair(pair) => Self::EdPair(pair.with_key_id(kid)),
            Jwk::EdPublic(key) => Self::EdPublic(key.with_key_id(kid)),
        })
    }
}
