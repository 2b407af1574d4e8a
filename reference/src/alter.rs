//! Changing the parts of a token without signing it again.

use ct_codecs::{Base64UrlSafeNoPadding, Decoder, Encoder};
use serde_json::{Map, Value};

/// Header, claims and signature, as they are in the token.
pub fn parts(token: &str) -> [&str; 3] {
    let mut parts = token.split('.');
    [(); 3].map(|()| parts.next().unwrap_or_default())
}

/// The token with another header, under the old signature.
pub fn header(token: &str, change: impl Fn(&mut Map<String, Value>)) -> String {
    let [header, claims, signature] = parts(token);
    format!("{}.{claims}.{signature}", changed(header, change))
}

/// The token with other claims, under the old signature.
pub fn claims(token: &str, change: impl Fn(&mut Map<String, Value>)) -> String {
    let [header, claims, signature] = parts(token);
    format!("{header}.{}.{signature}", changed(claims, change))
}

/// At most half of a part, in whole groups of four, so that it stays base64url.
pub fn half(part: &str) -> &str {
    let groups = part.len().checked_div(8).unwrap_or_default();
    part.get(..groups.saturating_mul(4)).unwrap_or_default()
}

fn changed(part: &str, change: impl Fn(&mut Map<String, Value>)) -> String {
    let bytes = Base64UrlSafeNoPadding::decode_to_vec(part, None).unwrap_or_default();
    let mut members: Map<String, Value> = serde_json::from_slice(&bytes).unwrap_or_default();
    change(&mut members);
    Base64UrlSafeNoPadding::encode_to_string(Value::Object(members).to_string()).unwrap_or_default()
}
