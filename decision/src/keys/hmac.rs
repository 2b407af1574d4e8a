//! HMAC-SHA256 (HS256: RFC 7518, section 3.2) with a prepared key.
//!
//! A gate verifies a token and makes another on each request. jwt-simple would decode and read the token a second time,
//! and hash the key twice for each of the two; so this is the one algorithm that goes past it. It takes the tokens that the
//! library takes behind the strict reader, and makes the same bytes: `tests/properties/hs256.rs`.

use hmac::{Hmac, KeyInit, Mac};
use jwt_simple::prelude::{HS256Key, MACLike};
use sha2::Sha256;

/// Bytes of a signature.
const SIGNATURE: usize = 32;

/// A shared secret, hashed already as far as it can be.
pub struct HmacKey(Hmac<Sha256>);

impl HmacKey {
    /// Some: HMAC takes a key of any length.
    pub(super) fn new(secret: &HS256Key) -> Option<Self> {
        Hmac::new_from_slice(secret.key().as_ref()).ok().map(Self)
    }

    /// The signature over a text.
    pub fn sign(&self, text: &[u8]) -> [u8; SIGNATURE] {
        self.over(text).finalize().into_bytes().into()
    }

    /// Whether this is the signature over the text. The time that this takes does not depend on where the two differ.
    pub fn verifies(&self, text: &[u8], signature: &[u8]) -> bool {
        let is_right = |signature: &[u8; SIGNATURE]| self.over(text).verify(signature.into()).is_ok();
        signature.try_into().is_ok_and(is_right)
    }

    fn over(&self, text: &[u8]) -> Hmac<Sha256> {
        self.0.clone().chain_update(text)
    }
}
