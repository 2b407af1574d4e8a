//! Key material, drawn from the system's own randomness.

use ct_codecs::{Base64UrlSafeNoPadding, Encoder};
use jwt_simple::prelude::{ES256KeyPair, Ed25519KeyPair};
use serde_json::{Map, Value, json};
use stepgate_decision::keys::Algorithm;

use super::failure::Failure;

/// A key as JWKs (RFC 7517).
pub(super) struct Jwks {
    /// With all its secrets.
    pub(super) private: Value,
    /// What may be shown; a shared secret has no such part.
    pub(super) public: Option<Value>,
}

/// Draws a key.
pub(super) fn generate(algorithm: Algorithm, kid: &str) -> Result<Jwks, Failure> {
    let exported = match algorithm {
        Algorithm::Hs256 => json!({"kty": "oct", "k": random_text()?}).to_string(),
        // The library draws from the system too, where it runs on one.
        Algorithm::Es256 => ES256KeyPair::generate().to_jwk(),
        Algorithm::EdDsa => Ed25519KeyPair::generate().to_jwk(),
    };
    let exported: Map<String, Value> =
        serde_json::from_str(&exported).map_err(|_| Failure::impossible("the key could not be written as a JWK"))?;
    let with = |names: &[&str]| {
        let kept = names.iter().filter_map(|name| Some(((*name).to_owned(), exported.get(*name)?.clone())));
        let mut jwk: Map<String, Value> = kept.collect();
        for (name, value) in [("alg", algorithm.alg()), ("kid", kid), ("use", "sig")] {
            jwk.insert(name.into(), value.into());
        }
        Value::Object(jwk)
    };
    let public = (algorithm != Algorithm::Hs256).then(|| with(&["kty", "crv", "x", "y"]));
    Ok(Jwks { private: with(&["kty", "crv", "x", "y", "d", "k"]), public })
}

/// 32 random bytes.
pub(super) fn random() -> Result<[u8; 32], Failure> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|e| Failure::impossible(format!("the system gives no randomness: {e}")))?;
    Ok(bytes)
}

/// 32 random bytes as base64url (RFC 4648, section 5), without padding.
pub(super) fn random_text() -> Result<String, Failure> {
    Base64UrlSafeNoPadding::encode_to_string(random()?)
        .map_err(|_| Failure::impossible("32 bytes could not be encoded"))
}
