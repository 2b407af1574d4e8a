//! The two operations on keys. A proxy may offer its own crypto for them.

use jwt_simple::prelude::{
    Duration, ECDSAP256KeyPairLike, ECDSAP256PublicKeyLike, EdDSAKeyPairLike, EdDSAPublicKeyLike, JWTClaims,
    NoCustomClaims, UnixTimeStamp, VerificationOptions,
};
use jwt_simple::{Error, JWTError};

use stepgate_config::bounds::MAX_TOKEN;

use super::error::{SignError, VerifyError};
use super::hmac::HmacKey;
use super::jwk::Material;
use super::ring::Key;
use crate::time::Clock;
use crate::token::{Claims, MAX_HEADER, TokenType, UnverifiedToken, for_library, signed, unsigned};

/// The last second of the library's clock, in 2106. Tokens that are issued later are denied as not yet valid.
const LAST_SECOND: u64 = u32::MAX as u64;

/// Verifies and signs.
pub trait Crypto {
    /// Verifies the signature of a token that names this key and its algorithm. It may look at the token's times, too;
    /// [`crate::token::verify`] does in any case.
    ///
    /// # Errors
    /// Why the token is not accepted.
    fn verify(&self, key: &Key, token: &UnverifiedToken<'_>, clock: Clock) -> Result<(), VerifyError>;

    /// Signs claims as a compact JWS.
    ///
    /// # Errors
    /// Where the key is not for signing, or the library fails.
    fn sign(&self, key: &Key, token_type: TokenType, claims: &Claims) -> Result<String, SignError>;
}

/// In Rust: jwt-simple, but for HS256 ([`super::HmacKey`]).
#[derive(Debug, Clone, Copy, Default)]
pub struct RustCrypto;

impl Crypto for RustCrypto {
    fn verify(&self, key: &Key, token: &UnverifiedToken<'_>, clock: Clock) -> Result<(), VerifyError> {
        let (text, options) = (token.text(), || Some(options(key, token, clock)));
        // The strict reader has the claims already; the library's reading is for the times.
        let verified: Result<JWTClaims<NoCustomClaims>, Error> = match key.material() {
            Material::Hmac(secret) => return verify_hs256(key, secret, token),
            Material::EcPair(key) => key.public.key.verify_token(text, options()),
            Material::EcPublic(key) => key.key.verify_token(text, options()),
            Material::EdPair(key) => key.public_key().verify_token(text, options()),
            Material::EdPublic(key) => key.verify_token(text, options()),
        };
        verified.map(drop).map_err(|error| match error.downcast_ref() {
            Some(JWTError::TokenHasExpired) => VerifyError::Expired,
            Some(JWTError::ClockDrift) => VerifyError::NotYet,
            _ => VerifyError::BadSignature,
        })
    }

    fn sign(&self, key: &Key, token_type: TokenType, claims: &Claims) -> Result<String, SignError> {
        let (of_library, options) = for_library(token_type, claims);
        let signed = match key.material() {
            Material::Hmac(secret) => {
                let text = unsigned(key, token_type, claims)?;
                return Ok(signed(&text, &secret.sign(text.as_bytes())));
            }
            Material::EcPair(key) => key.pair.sign_with_options(of_library, &options),
            Material::EdPair(key) => key.sign_with_options(of_library, &options),
            Material::EcPublic(_) | Material::EdPublic(_) => return Err(SignError::PublicKey),
        };
        signed.map_err(|_| SignError::Failed)
    }
}

/// The strict reader has checked the token's form, and the times are checked in any case: the rest of what the library
/// checks.
fn verify_hs256(key: &Key, secret: &HmacKey, token: &UnverifiedToken<'_>) -> Result<(), VerifyError> {
    let is_named = token.alg() == key.algorithm().alg() && token.kid() == key.kid().as_str();
    let is_signed = is_named && secret.verifies(token.signed().as_bytes(), token.signature());
    if is_signed { Ok(()) } else { Err(VerifyError::BadSignature) }
}

/// All that the library can check. Its defaults are looser: no key ID, any JWT type, a tolerance of 15 minutes.
fn options(key: &Key, token: &UnverifiedToken<'_>, clock: Clock) -> VerificationOptions {
    // The library adds the two without a check for overflow.
    let tolerance = clock.leeway_seconds().min(LAST_SECOND / 2);
    let now = clock.now.seconds().min(LAST_SECOND.saturating_sub(tolerance));
    VerificationOptions {
        required_key_id: Some(key.kid().to_string()),
        required_signature_type: Some(token.token_type().typ().to_owned()),
        max_token_length: Some(MAX_TOKEN),
        max_header_length: Some(MAX_HEADER),
        artificial_time: Some(UnixTimeStamp::from_secs(now)),
        time_tolerance: Some(Duration::from_secs(tolerance)),
        ..VerificationOptions::default()
    }
}
