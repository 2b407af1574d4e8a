//! The signing input of a token. [`Claims`] is its one encoder, whoever signs.

use jwt_simple::prelude::{HeaderOptions, JWTClaims};

use super::claims::{Claims, TokenType};
use super::write;
use crate::base64url;
use crate::keys::{Key, SignError};

/// The claims and header options as the library signs them. [`Claims`] has the registered claims too, so the
/// library's own members of those names stay empty, and it writes none.
pub(crate) fn for_library(token_type: TokenType, claims: &Claims) -> (JWTClaims<&Claims>, HeaderOptions) {
    let claims = JWTClaims {
        issued_at: None,
        expires_at: None,
        invalid_before: None,
        issuer: None,
        subject: None,
        audiences: None,
        jwt_id: None,
        nonce: None,
        custom: claims,
    };
    (claims, HeaderOptions { signature_type: Some(token_type.typ().to_owned()), content_type: None })
}

/// The JWS signing input (RFC 7515, section 5.1) for a signer outside the library: the first two parts of the token
/// that the library would make.
///
/// # Errors
/// Where the claims cannot be written as JSON, which no claims cause.
pub fn unsigned(key: &Key, token_type: TokenType, claims: &Claims) -> Result<String, SignError> {
    let claims = write::json(claims).map_err(|_| SignError::Failed)?;
    Ok([key.head(token_type), &base64url::encode(claims)].concat())
}

/// The token of a signing input and its signature.
pub fn signed(unsigned: &str, signature: &[u8]) -> String {
    [unsigned, ".", &base64url::encode(signature)].concat()
}
