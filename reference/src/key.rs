//! Keys, and signing with them: `jwt-simple` directly.

use ct_codecs::{Base64UrlSafeNoPadding, Decoder, Encoder};
use jwt_simple::prelude::{
    Duration, ECDSAP256KeyPairLike, ES256KeyPair, Ed25519KeyPair, EdDSAKeyPairLike, HS256Key, HeaderOptions, JWTClaims,
    MACLike,
};
use serde_json::{Map, Value, json};
use stepgate_config::jwk::{self, Algorithm, Jwk, JwkError};

use crate::claims::Claims;
use crate::kind::Kind;

/// Why there is no key, or no token.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Gates do not accept the JWK.
    #[error(transparent)]
    Jwk(#[from] JwkError),
    /// The JWK has no secret part that can be used.
    #[error("the JWK cannot sign")]
    Public,
    /// The library failed.
    #[error("the token cannot be signed: {0}")]
    Sign(#[from] jwt_simple::Error),
}

/// A private key or a shared secret.
pub struct Key {
    pair: Pair,
    kid: String,
}

enum Pair {
    Secret(HS256Key),
    Ec(Box<ES256KeyPair>),
    Ed(Box<Ed25519KeyPair>),
}

impl Key {
    /// Generates a key from the system's randomness.
    pub fn generate(algorithm: Algorithm, kid: &str) -> Self {
        Self::of(
            match algorithm {
                Algorithm::Hs256 => Pair::Secret(HS256Key::generate()),
                Algorithm::Es256 => Pair::Ec(Box::new(ES256KeyPair::generate())),
                Algorithm::EdDsa => Pair::Ed(Box::new(Ed25519KeyPair::generate())),
            },
            kid,
        )
    }

    /// Reads a private JWK.
    ///
    /// # Errors
    /// [`KeyError::Jwk`], [`KeyError::Public`].
    pub fn from_jwk(jwk: &str, kid: &str) -> Result<Self, KeyError> {
        let pair = match jwk::read(jwk, kid)? {
            Jwk::Secret(key) => Pair::Secret(key),
            Jwk::EcPair(pair) => Pair::Ec(Box::new(pair)),
            Jwk::EdPair(pair) => Pair::Ed(Box::new(pair)),
            Jwk::EcPublic(_) | Jwk::EdPublic(_) => return Err(KeyError::Public),
        };
        Ok(Self::of(pair, kid))
    }

    fn of(pair: Pair, kid: &str) -> Self {
        let pair = match pair {
            Pair::Secret(key) => Pair::Secret(key.with_key_id(kid)),
            Pair::Ec(key) => Pair::Ec(Box::new(key.with_key_id(kid))),
            Pair::Ed(key) => Pair::Ed(Box::new(key.with_key_id(kid))),
        };
        Self { pair, kid: kid.to_owned() }
    }

    /// Its algorithm.
    pub fn algorithm(&self) -> Algorithm {
        match self.pair {
            Pair::Secret(_) => Algorithm::Hs256,
            Pair::Ec(_) => Algorithm::Es256,
            Pair::Ed(_) => Algorithm::EdDsa,
        }
    }

    /// The private JWK (RFC 7517), secrets and all.
    pub fn private_jwk(&self) -> String {
        match &self.pair {
            Pair::Secret(key) => {
                let secret = Base64UrlSafeNoPadding::encode_to_string(key.to_bytes()).unwrap_or_default();
                json!({"kty": "oct", "alg": "HS256", "kid": self.kid, "k": secret}).to_string()
            }
            Pair::Ec(key) => key.to_jwk(),
            Pair::Ed(key) => key.to_jwk(),
        }
    }

    /// The public JWK; a shared secret has none.
    pub fn public_jwk(&self) -> Option<Value> {
        let private: Map<String, Value> = serde_json::from_str(&self.private_jwk()).ok()?;
        private.contains_key("x").then(|| private.into_iter().filter(|(name, _)| name != "d").collect())
    }

    /// The public key where a shared secret would be, under the same name.
    pub fn public_as_secret(&self) -> Option<Self> {
        let secret = bytes(&self.public_jwk()?, "x")?;
        Some(Self::of(Pair::Secret(HS256Key::from_bytes(&secret)), &self.kid))
    }

    /// Signs claims as a token of this kind.
    ///
    /// # Errors
    /// [`KeyError::Sign`].
    pub fn sign(&self, kind: Kind, claims: Claims) -> Result<String, KeyError> {
        let options = HeaderOptions { signature_type: Some(kind.typ().to_owned()), content_type: None };
        let claims = JWTClaims {
            issued_at: Some(Duration::from_secs(claims.times.iat)),
            expires_at: Some(Duration::from_secs(claims.times.exp)),
            invalid_before: None,
            issuer: Some(claims.iss.to_string()),
            subject: Some(claims.sub.to_string()),
            audiences: None,
            jwt_id: Some(claims.jti.clone()),
            nonce: None,
            custom: claims,
        };
        Ok(match &self.pair {
            Pair::Secret(key) => key.authenticate_with_options(claims, &options)?,
            Pair::Ec(key) => key.sign_with_options(claims, &options)?,
            Pair::Ed(key) => key.sign_with_options(claims, &options)?,
        })
    }
}

fn bytes(jwk: &Value, member: &str) -> Option<Vec<u8>> {
    Base64UrlSafeNoPadding::decode_to_vec(jwk.get(member)?.as_str()?, None).ok()
}
