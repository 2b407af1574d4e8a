//! HMAC-SHA256 (HS256: RFC 7518, section 3.2) with a prepared key.
//!
//! A gate verifies a token and makes another on each request. jwt-simple would decode and read the token a second time,
//! and hash the key each time; so this is the one algorithm that goes past it, on the library's own primitive. It takes
//! the tokens that the library takes behind the strict reader, and makes the same bytes: `tests/properties/hs256.rs`.

use hmac_sha256::HMAC;
use jwt_simple::prelude::{HS256Key, MACLike};

/// A shared secret. Its state has hashed the inner key already.
pub struct HmacKey(HMAC);

impl HmacKey {
    pub(super) fn new(secret: &HS256Key) -> Self {
        Self(HMAC::new(secret.key()))
    }

    /// The signature over a text.
    pub fn sign(&self, text: &[u8]) -> [u8; 32] {
        self.over(text).finalize()
    }

    /// Whether this is the signature over the text. The time that this takes does not depend on where they differ.
    pub fn verifies(&self, text: &[u8], signature: &[u8]) -> bool {
        signature.try_into().is_ok_and(|signature: &[u8; 32]| self.over(text).finalize_verify(signature))
    }

    fn over(&self, text: &[u8]) -> HMAC {
        let mut state = self.0.clone();
        state.update(text);
        state
    }
}
