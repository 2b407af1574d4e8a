//! From a token that anybody could have written to claims that a gate has signed.

use std::time::Duration;

use super::claims::{Claims, TokenType};
use super::unverified::UnverifiedToken;
use crate::denial::Denial;
use crate::keys::{Crypto, KeyActor, KeyRing};
use crate::time::UnixTime;

/// Claims whose signature and times are good, and who may have signed them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedToken {
    /// What kind of token it was.
    pub token_type: TokenType,
    /// The actor whose key it was.
    pub signer: KeyActor,
    /// What it says.
    pub claims: Claims,
}

/// Verifies a token: its key, its signature, its times.
///
/// # Errors
/// `UNKNOWN_KEY`, `REVOKED` (the key), `BAD_SIGNATURE`, `EXPIRED`, `NOT_YET`.
pub fn verify(
    jws: UnverifiedToken<'_>,
    keys: &KeyRing,
    crypto: &dyn Crypto,
    now: UnixTime,
    leeway: Duration,
) -> Result<VerifiedToken, Denial> {
    let key = keys.find(&jws.claims().wf.name, jws.kid()).ok_or(Denial::UnknownKey)?;
    if key.revoked() {
        return Err(Denial::Revoked("key"));
    }
    // A token that names its own algorithm could pick "none" or turn a public key into an HMAC
    // secret (RFC 8725, sections 3.1 and 3.2): the key decides.
    if jws.alg() != key.algorithm().alg() || !crypto.verify(key, &jws) {
        return Err(Denial::BadSignature);
    }
    let verified =
        VerifiedToken { token_type: jws.token_type(), signer: key.actor().clone(), claims: jws.into_claims() };
    if now >= verified.claims.exp.plus(leeway) {
        return Err(Denial::Expired);
    }
    if verified.claims.iat > now.plus(leeway) {
        return Err(Denial::NotYet);
    }
    Ok(verified)
}
