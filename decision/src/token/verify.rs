//! From an unverified token to claims that a gate has signed.

use std::time::Duration;

use super::claims::{Claims, TokenType};
use super::unverified::UnverifiedToken;
use crate::denial::Denial;
use crate::keys::{Crypto, KeyActor, KeyRing, SignError, VerifyError};
use crate::time::{Clock, UnixTime};

/// Claims whose signature and times are verified, and the actor who may have signed them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedToken {
    /// The token's type.
    pub token_type: TokenType,
    /// The actor of the key.
    pub signer: KeyActor,
    /// The claims.
    pub claims: Claims,
}

/// Verifies a token: its key, its signature, its times.
///
/// # Errors
/// `UNKNOWN_KEY`, `REVOKED` (the key), `BAD_SIGNATURE`, `EXPIRED`, `NOT_YET`.
pub fn verify(
    token: UnverifiedToken<'_>,
    keys: &KeyRing,
    crypto: &dyn Crypto,
    now: UnixTime,
    leeway: Duration,
) -> Result<VerifiedToken, Denial> {
    let key = keys.find(&token.claims().wf.name, token.kid()).ok_or(Denial::UnknownKey)?;
    if key.revoked() {
        return Err(Denial::Revoked("key"));
    }
    // A token that names its own algorithm could pick "none" or turn a public key into an HMAC
    // secret (RFC 8725, sections 3.1 and 3.2): the key decides.
    if token.alg() != key.algorithm().alg() {
        return Err(Denial::BadSignature);
    }
    let clock = Clock { now, leeway };
    crypto.verify(key, &token, clock).map_err(|error| denial(error, &token))?;
    // jwt-simple accepts a token for one second more, and a proxy's crypto does not look at times.
    if clock.is_past(token.claims().exp) {
        return Err(denial(VerifyError::Expired, &token));
    }
    if clock.is_before(token.claims().iat) {
        return Err(Denial::NotYet);
    }
    Ok(VerifiedToken { token_type: token.token_type(), signer: key.actor().clone(), claims: token.into_claims() })
}

/// The signature is looked at before the times, so the tasks are those of an authentic token.
fn denial(error: VerifyError, token: &UnverifiedToken<'_>) -> Denial {
    match error {
        VerifyError::BadSignature => Denial::BadSignature,
        VerifyError::Expired => {
            let step = &token.claims().wf;
            Denial::Expired { task: step.task.clone(), from: step.from.clone() }
        }
        VerifyError::NotYet => Denial::NotYet,
    }
}

impl From<SignError> for Denial {
    fn from(error: SignError) -> Self {
        Self::Internal(match error {
            SignError::PublicKey => "the key is public: it cannot sign",
            SignError::Failed => "the token could not be signed",
        })
    }
}
