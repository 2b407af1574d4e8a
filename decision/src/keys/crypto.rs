//! The two operations on keys, which a shell may do otherwise (Envoy's own crypto, say).

use jwt_simple::prelude::{
    Duration, ECDSAP256KeyPairLike, ECDSAP256PublicKeyLike, EdDSAKeyPairLike, EdDSAPublicKeyLike, MACLike,
    NoCustomClaims, VerificationOptions,
};

use super::jwk::Material;
use super::ring::Key;
use crate::token::{Claims, Jws, MAX_TOKEN, TokenType};

/// Verifies and signs.
pub trait Crypto {
    /// Whether the token's signature is this key's. Nothing but the signature is judged.
    fn verify(&self, key: &Key, jws: &Jws<'_>) -> bool;

    /// Signs claims as a compact JWS.
    ///
    /// # Errors
    /// Where the key is not for signing, or the library fails.
    fn sign(&self, key: &Key, token_type: TokenType, claims: &Claims) -> Result<String, &'static str>;
}

/// jwt-simple, in Rust all the way down.
#[derive(Debug, Clone, Copy, Default)]
pub struct RustCrypto;

impl Crypto for RustCrypto {
    fn verify(&self, key: &Key, jws: &Jws<'_>) -> bool {
        let compact = jws.compact();
        let options = Some(signature_only());
        match key.material() {
            Material::Hmac(key) => key.verify_token::<NoCustomClaims>(compact, options).is_ok(),
            Material::EcPair(key) => key.public_key().verify_token::<NoCustomClaims>(compact, options).is_ok(),
            Material::EcPublic(key) => key.verify_token::<NoCustomClaims>(compact, options).is_ok(),
            Material::EdPair(key) => key.public_key().verify_token::<NoCustomClaims>(compact, options).is_ok(),
            Material::EdPublic(key) => key.verify_token::<NoCustomClaims>(compact, options).is_ok(),
        }
    }

    fn sign(&self, key: &Key, token_type: TokenType, claims: &Claims) -> Result<String, &'static str> {
        let (claims, options) = crate::token::for_library(token_type, claims);
        let signed = match key.material() {
            Material::Hmac(key) => key.authenticate_with_options(claims, &options),
            Material::EcPair(key) => key.sign_with_options(claims, &options),
            Material::EdPair(key) => key.sign_with_options(claims, &options),
            Material::EcPublic(_) | Material::EdPublic(_) => return Err("the key is public: it cannot sign"),
        };
        signed.map_err(|_| "the token could not be signed")
    }
}

/// Leaves times to the decision, which has its own clock, leeway and codes: at the epoch, nothing
/// has expired, and what lies in the future is taken.
fn signature_only() -> VerificationOptions {
    VerificationOptions {
        accept_future: true,
        artificial_time: Some(Duration::from_secs(0)),
        time_tolerance: Some(Duration::from_secs(0)),
        max_token_length: Some(MAX_TOKEN),
        ..Default::default()
    }
}
