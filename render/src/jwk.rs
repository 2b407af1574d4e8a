//! Key material, drawn from the system's own randomness: for `keygen`, for stand-ins and for the lab.

use ct_codecs::{Base64UrlSafeNoPadding, Encoder};
use jwt_simple::prelude::{ES256KeyPair, Ed25519KeyPair};
use serde_json::{Map, Value, json};
use stepgate_decision::keys::Algorithm;

/// Why there is no key, or no randomness for one.
#[derive(Debug)]
pub struct Undrawn(String);

impl std::fmt::Display for Undrawn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A key as JWKs (RFC 7517).
pub struct Jwks {
    /// With all its secrets.
    pub private: Value,
    /// What may be shown; a shared secret has no such part.
    pub public: Option<Value>,
}

/// Draws a key.
pub fn generate(algorithm: Algorithm, kid: &str) -> Result<Jwks, Undrawn> {
    let exported = match algorithm {
        Algorithm::Hs256 => shared_secret(None)?,
        // The library draws from the system too, where it runs on one.
        Algorithm::Es256 => ES256KeyPair::generate().to_jwk(),
        Algorithm::EdDsa => Ed25519KeyPair::generate().to_jwk(),
    };
    let exported: Map<String, Value> =
        serde_json::from_str(&exported).map_err(|_| Undrawn("the key could not be written as a JWK".into()))?;
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
pub fn random() -> Result<[u8; 32], Undrawn> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|e| Undrawn(format!("the system gives no randomness: {e}")))?;
    Ok(bytes)
}

/// 32 random bytes as base64url (RFC 4648, section 5), without padding.
pub fn random_text() -> Result<String, Undrawn> {
    Base64UrlSafeNoPadding::encode_to_string(random()?).map_err(|_| Undrawn("random bytes could not be encoded".into()))
}

/// A shared secret as a JWK; without a `kid` it is as good for any.
pub fn shared_secret(kid: Option<&str>) -> Result<String, Undrawn> {
    let mut jwk = json!({"kty": "oct", "alg": Algorithm::Hs256.alg(), "k": random_text()?});
    if let (Some(kid), Some(members)) = (kid, jwk.as_object_mut()) {
        members.insert("kid".into(), kid.into());
        members.insert("use".into(), "sig".into());
    }
    Ok(jwk.to_string())
}
