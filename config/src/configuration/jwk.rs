//! A JSON Web Key (RFC 7517) that stands in a configuration: public, and of a kind that gates use.

use ct_codecs::{Base64UrlSafeNoPadding, Decoder};
use serde_json::Value;

/// Bytes of a coordinate on P-256 (RFC 7518, section 6.2.1.2) and of a key of Ed25519 (RFC 8037, section 2).
const COORDINATE: usize = 32;

/// Whether a JWK can verify here.
///
/// # Errors
/// What is wrong with it.
pub(super) fn check(jwk: &Value, kid: &str) -> Result<(), &'static str> {
    let text = |member: &str| jwk.get(member).and_then(Value::as_str);
    // Whoever reads a configuration would hold the key.
    if jwk.get("d").is_some() || jwk.get("k").is_some() || text("kty") == Some("oct") {
        return Err("a secret does not belong in a configuration: use `env`");
    }
    let algorithm = match (text("kty"), text("crv")) {
        (Some("EC"), Some("P-256")) => {
            coordinate(text("x"))?;
            coordinate(text("y"))?;
            "ES256"
        }
        (Some("OKP"), Some("Ed25519")) => {
            coordinate(text("x"))?;
            "EdDSA"
        }
        _ => return Err("a public key is EC P-256 or OKP Ed25519"),
    };
    if jwk.get("alg").is_some_and(|alg| alg != algorithm) {
        return Err("`alg` does not agree with the kind of the key");
    }
    if jwk.get("kid").is_some_and(|given| given != kid) {
        return Err("the JWK has another `kid` than this key");
    }
    Ok(())
}

fn coordinate(text: Option<&str>) -> Result<(), &'static str> {
    let decoded = text.and_then(|text| Base64UrlSafeNoPadding::decode_to_vec(text, None).ok());
    match decoded {
        Some(bytes) if bytes.len() == COORDINATE => Ok(()),
        _ => Err("a coordinate is 32 bytes of base64url, without padding"),
    }
}
