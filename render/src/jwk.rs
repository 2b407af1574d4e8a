//! Keys and random values from the system's randomness: for `keygen` and `secrets`, for ephemeral keys and for the lab.

use ct_codecs::{Base64UrlSafeNoPadding, Encoder};
use jwt_simple::prelude::{ES256KeyPair, Ed25519KeyPair};
use serde_json::{Map, Value, json};
use stepgate_decision::keys::Algorithm;

use crate::manifest::with;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// The system has no randomness.
    #[error("the system gives no randomness: {0}")]
    Randomness(#[from] getrandom::Error),
    /// Random bytes could not be encoded.
    #[error("random bytes could not be encoded: {0}")]
    Encoding(#[from] ct_codecs::Error),
    /// The library did not export the key as JSON.
    #[error("the key could not be written as a JWK: {0}")]
    Export(#[from] serde_json::Error),
}

/// A key as JWKs (RFC 7517).
#[derive(Debug, Clone, PartialEq)]
pub struct Jwks {
    /// With its secret members.
    pub private: Value,
    /// Without them; `None` for a shared secret.
    pub public: Option<Value>,
}

/// The members of a private JWK that are not secret.
const PUBLIC: &[&str] = &["alg", "crv", "kid", "kty", "use", "x", "y"];

impl Jwks {
    /// The JWKs of a private one; `None` for anything else.
    pub fn of(private: Value) -> Option<Self> {
        let is_public = private.get("kty")?.as_str()? != "oct";
        let public = private.as_object()?.iter().filter(|(name, _)| PUBLIC.contains(&name.as_str()));
        let public = is_public.then(|| public.map(|(name, value)| (name.clone(), value.clone())).collect());
        Some(Self { private, public })
    }

    /// Its algorithm.
    pub fn algorithm(&self) -> Option<Algorithm> {
        let alg = self.private.get("alg")?.as_str()?;
        Algorithm::ALL.into_iter().find(|algorithm| algorithm.alg() == alg)
    }
}

/// Generates a key.
///
/// # Errors
/// [`GenerateError`]: above all, the system has no randomness.
pub fn generate(algorithm: Algorithm, kid: &str) -> Result<Jwks, GenerateError> {
    let exported = match algorithm {
        Algorithm::Hs256 => shared_secret(None)?,
        // The library takes the system's randomness, too.
        Algorithm::Es256 => ES256KeyPair::generate().to_jwk(),
        Algorithm::EdDsa => Ed25519KeyPair::generate().to_jwk(),
    };
    let exported: Map<String, Value> = serde_json::from_str(&exported)?;
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
///
/// # Errors
/// The system has no randomness.
pub fn random() -> Result<[u8; 32], GenerateError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// 32 random bytes as base64url (RFC 4648, section 5), without padding.
///
/// # Errors
/// The system has no randomness.
pub fn random_text() -> Result<String, GenerateError> {
    Ok(Base64UrlSafeNoPadding::encode_to_string(random()?)?)
}

/// A shared secret as a JWK; without a `kid` it can be used under any.
///
/// # Errors
/// The system has no randomness.
pub fn shared_secret(kid: Option<&str>) -> Result<String, GenerateError> {
    let jwk = json!({"kty": "oct", "alg": Algorithm::Hs256.alg(), "k": random_text()?});
    let named = kid.map(|kid| [("kid", json!(kid)), ("use", json!("sig"))]);
    Ok(with(jwk, named.into_iter().flatten()).to_string())
}
