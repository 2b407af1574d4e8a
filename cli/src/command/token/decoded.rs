//! A token taken apart, whatever it says, with its times as people read them.

use ct_codecs::{Base64UrlSafeNoPadding, Decoder};
use serde_json::{Map, Value, json};
use stepgate_decision::UnixTime;
use stepgate_decision::token::UnverifiedToken;

use crate::command::time;

/// The members that are times (RFC 7519, section 4.1, and the instance's deadline).
const TIMES: [&str; 3] = ["iat", "exp", "dl"];

/// What a text holds if it is a JWS: nothing of it is believed.
pub(super) struct Decoded {
    pub(super) header: Value,
    pub(super) claims: Value,
    /// Why no gate would even look at its signature.
    pub(super) malformed: Option<String>,
}

/// Takes a compact JWS apart (RFC 7515, section 3.1), also one that no gate would take.
///
/// # Errors
/// What keeps it from being one at all.
pub(super) fn decode(token: &str) -> Result<Decoded, &'static str> {
    let mut parts = token.split('.');
    let (Some(header), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err("a token is three parts with dots between them");
    };
    let json = |part: &str| {
        let bytes =
            Base64UrlSafeNoPadding::decode_to_vec(part, None).map_err(|_| "a part is not base64url without padding")?;
        serde_json::from_slice(&bytes).map_err(|_| "a part is not JSON")
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
