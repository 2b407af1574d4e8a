//! A decoded token, without verification, with its times in readable form.

use ct_codecs::{Base64UrlSafeNoPadding, Decoder};
use serde_json::{Map, Value, json};
use stepgate_decision::UnixTime;
use stepgate_decision::token::UnverifiedToken;

use crate::command::time;

/// The members that are times (RFC 7519, section 4.1, and the instance's deadline).
const TIMES: [&str; 3] = ["iat", "exp", "dl"];

/// The parts of a JWS. None of them is verified.
pub(super) struct Decoded {
    pub(super) header: Value,
    pub(super) claims: Value,
    /// Why a gate would refuse it before it checks the signature.
    pub(super) malformed: Option<String>,
}

/// A text that is not a JWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum DecodeError {
    #[error("a token is three parts with dots between them")]
    Parts,
    #[error("a part is not base64url without padding")]
    Base64Url,
    #[error("a part is not JSON")]
    Json,
}

/// Decodes a compact JWS (RFC 7515, section 3.1), also one that a gate would refuse.
pub(super) fn decode(token: &str) -> Result<Decoded, DecodeError> {
    let mut parts = token.split('.');
    let (Some(header), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(DecodeError::Parts);
    };
    let json = |part: &str| {
        let bytes = Base64UrlSafeNoPadding::decode_to_vec(part, None).map_err(|_| DecodeError::Base64Url)?;
        serde_json::from_slice(&bytes).map_err(|_| DecodeError::Json)
    };
    let malformed = UnverifiedToken::parse(token).err().map(|denial| format!("{}: {denial}", denial.code()));
    Ok(Decoded { header: json(header)?, claims: json(claims)?, malformed })
}

/// The times among the claims: `{"exp": {"time": "2026-…Z", "relative": "in 59 min"}}`.
pub(super) fn times(claims: &Value, now: UnixTime) -> Value {
    let of = |name: &str| {
        let at = UnixTime::from_seconds(claims.get(name)?.as_u64()?);
        Some((name.to_owned(), json!({"time": time::rfc3339(at), "relative": time::relative(at, now)})))
    };
    Value::Object(TIMES.into_iter().filter_map(of).collect::<Map<_, _>>())
}
