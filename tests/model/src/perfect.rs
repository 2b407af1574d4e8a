//! Perfect signatures: nobody makes one without the key. The model is about what gates make of signed claims; whether
//! signatures hold is what other tests are about.

use std::hash::{DefaultHasher, Hash, Hasher};

use stepgate_decision::Clock;
use stepgate_decision::keys::{Crypto, Key, SignError, VerifyError};
use stepgate_decision::token::{Claims, TokenType, UnverifiedToken, signed, unsigned};

/// Signs with the name of the key.
pub struct Perfect;

impl Crypto for Perfect {
    fn verify(&self, key: &Key, token: &UnverifiedToken<'_>, _: Clock) -> Result<(), VerifyError> {
        let is_signed = token.kid() == key.kid().as_str() && token.signature() == tag(key, token.signed());
        if is_signed { Ok(()) } else { Err(VerifyError::BadSignature) }
    }

    fn sign(&self, key: &Key, token_type: TokenType, claims: &Claims) -> Result<String, SignError> {
        let text = unsigned(key, token_type, claims)?;
        Ok(signed(&text, &tag(key, &text)))
    }
}

fn tag(key: &Key, text: &str) -> [u8; 8] {
    let mut hasher = DefaultHasher::new();
    (key.kid().as_str(), text).hash(&mut hasher);
    hasher.finish().to_be_bytes()
}
