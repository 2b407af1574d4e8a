//! Claims as the library signs them, and as text for whoever else signs.

use ct_codecs::{Base64UrlSafeNoPadding, Encoder};
use jwt_simple::prelude::{Audiences, Duration, HeaderOptions, JWTClaims};
use serde::Serialize;

use super::claims::{Claims, Forks, Performers, StepClaim, TokenType, Visits};
use super::unverified::JoseHeader;
use crate::keys::Key;
use crate::time::UnixTime;

/// The claims that RFC 7519 does not name.
#[derive(Serialize)]
pub(crate) struct Custom<'a> {
    txn: &'a str,
    dl: UnixTime,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    parents: &'a [String],
    wf: &'a StepClaim,
    #[serde(skip_serializing_if = "Visits::is_empty")]
    visits: &'a Visits,
    #[serde(skip_serializing_if = "Performers::is_empty")]
    performers: &'a Performers,
    #[serde(skip_serializing_if = "Forks::is_empty")]
    fork: &'a Forks,
    #[serde(skip_serializing_if = "Option::is_none")]
    rep: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'a str>,
}

/// The claims and header options as the library takes them.
pub(crate) fn for_library(token_type: TokenType, claims: &Claims) -> (JWTClaims<Custom<'_>>, HeaderOptions) {
    let time = |time: UnixTime| Some(Duration::from_secs(time.seconds()));
    let claims = JWTClaims {
        issued_at: time(claims.iat),
        expires_at: time(claims.exp),
        invalid_before: None,
        issuer: Some(claims.iss.clone()),
        subject: Some(claims.sub.clone()),
        audiences: claims.aud.clone().map(Audiences::AsString),
        jwt_id: Some(claims.jti.clone()),
        nonce: None,
        custom: Custom {
            txn: &claims.txn,
            dl: claims.dl,
            parents: &claims.parents,
            wf: &claims.wf,
            visits: &claims.visits,
            performers: &claims.performers,
            fork: &claims.fork,
            rep: claims.rep.as_deref(),
            to: claims.to.as_deref(),
        },
    };
    (claims, HeaderOptions { signature_type: Some(token_type.typ().to_owned()), content_type: None })
}

/// What is to be signed (RFC 7515, section 5.1): the first two parts of the token that the library would make.
///
/// # Errors
/// Where it cannot be written, which no claims lead to.
pub fn unsigned(key: &Key, token_type: TokenType, claims: &Claims) -> Result<String, &'static str> {
    let header =
        JoseHeader { alg: key.algorithm().alg().into(), kid: key.kid().to_string(), typ: token_type.typ().into() };
    Ok(format!("{}.{}", encode(&header)?, encode(claims)?))
}

fn encode(part: &impl Serialize) -> Result<String, &'static str> {
    let json = serde_json::to_vec(part).map_err(|_| "a token cannot be written as JSON")?;
    Base64UrlSafeNoPadding::encode_to_string(json).map_err(|_| "a token cannot be encoded")
}
