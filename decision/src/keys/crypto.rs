//! The two operations on keys, which a shell may do otherwise (with Envoy's own crypto, say).

use jwt_simple::prelude::{ECDSAP256KeyPairLike, EdDSAKeyPairLike, MACLike};

use super::jwk::Material;
use super::ring::Key;
use crate::token::{Claims, TokenType, UnverifiedToken};

/// Verifies and signs.
pub trait Crypto {
    /// Whether the token's signature is this key's. Nothing but the signature is judged.
    fn verify(&self, key: &Key, jws: &UnverifiedToken<'_>) -> bool;

    /// Signs claims as a compact JWS.
    ///
    /// # Errors
    /// Where the key is not for signing, or the library fails.
    fn sign(&self, key: &Key, token_type: TokenType, claims: &Claims) -> Result<String, &'static str>;
}

/// In Rust all the way down.
#[derive(Debug, Clone, Copy, Default)]
pub struct RustCrypto;

impl Crypto for RustCrypto {
    fn verify(&self, key: &Key, jws: &UnverifiedToken<'_>) -> bool {
        key.material().verifies(jws.signed().as_bytes(), jws.signature())
    }

    fn sign(&self, key: &Key, token_type: TokenType, claims: &Claims) -> Result<String, &'static str> {
        let (claims, options) = crate::token::for_library(token_type, claims);
        let signed = match key.material() {
            Material::Hmac(key) => key.authenticate_with_options(claims, &options),
            Material::EcPair(key) => key.pair.sign_with_options(claims, &options),
            Material::EdPair(key) => key.sign_with_options(claims, &options),
            Material::EcPublic(_) | Material::EdPublic(_) => return Err("the key is public: it cannot sign"),
        };
        signed.map_err(|_| "the token could not be signed")
    }
}
