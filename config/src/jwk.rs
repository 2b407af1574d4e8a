//! JSON Web Keys (RFC 7517): the one reader of them, for `check` and for gates. A key that it accepts can be used.

use std::collections::BTreeMap;

use ct_codecs::{Base64UrlSafeNoPadding, Decoder};
use jwt_simple::prelude::{ES256KeyPair, ES256PublicKey, Ed25519KeyPair, Ed25519PublicKey, HS256Key};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::json;
use thiserror::Error;

use crate::sorted::SortedSet;

/// Longest JWK, in bytes: the longest value that Istio allows in an environment variable.
const MAX_JWK: usize = 2048;
/// Shortest HMAC key, in bytes (RFC 7518, section 3.2).
const MIN_HMAC_KEY: usize = 32;
/// Members that hold parts of keys (RFC 7518, section 6; RFC 8037, section 2; RFC 9964).
const MATERIAL: [&str; 15] = ["crv", "x", "y", "d", "n", "e", "p", "q", "dp", "dq", "qi", "oth", "k", "pub", "priv"];

/// The signature algorithms of gates (RFC 7518, section 3.1; RFC 8037, section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC with SHA-256: one secret for all gates of a workflow.
    Hs256,
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 3] = [Self::Hs256, Self::Es256, Self::EdDsa];

    /// The `alg` parameter of a JWS header, and of the JWKs that Stepgate generates.
    pub fn alg(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// Whether the `alg` of a JWK names it. RFC 9864 has replaced `EdDSA` by `Ed25519` there.
    fn is_called(self, alg: &str) -> bool {
        alg == self.alg() || self == Self::EdDsa && alg == "Ed25519"
    }
}

/// A key that gates can use.
pub enum Jwk {
    /// A shared secret.
    Secret(HS256Key),
    /// An ECDSA key pair.
    EcPair(ES256KeyPair),
    /// An ECDSA public key.
    EcPublic(ES256PublicKey),
    /// An Ed25519 key pair.
    EdPair(Ed25519KeyPair),
    /// An Ed25519 public key.
    EdPublic(Ed25519PublicKey),
}

/// Why a JWK cannot be used. The message never contains the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum JwkError {
    /// More than 2048 bytes.
    #[error("the JWK has more than {MAX_JWK} bytes")]
    TooLong,
    /// Not a JSON object with the members of a JWK, each once and of its type.
    #[error("the value is not a JWK (RFC 7517)")]
    Malformed,
    /// Another type of key, or another curve.
    #[error("a key is `EC` on `P-256`, `OKP` on `Ed25519`, or `oct`")]
    Type,
    /// A member that holds a part of another type of key.
    #[error("the JWK has a member that only other types of key have")]
    Foreign,
    /// `alg` is for another type of key.
    #[error("the JWK's `alg` is not that of its key: HS256 for `oct`, ES256 for `EC`, EdDSA or Ed25519 for `OKP`")]
    Algorithm,
    /// `kid` is another one than configured.
    #[error("the JWK's `kid` is not the one configured")]
    Kid,
    /// `use` is not for signatures.
    #[error("the JWK's `use` is not `sig`: the key is not for signatures")]
    Use,
    /// `key_ops` permits something else, or not what a gate does.
    #[error("the JWK's `key_ops` must be `verify` for a public key; for another key `sign`, or `sign` and `verify`")]
    Operations,
    /// A secret where only a public key may be.
    #[error("a configuration must not contain a secret key: use `env`")]
    Secret,
    /// No `k`, or not in its encoding.
    #[error("an `oct` key has a `k`: base64url without padding")]
    NoSecret,
    /// A secret that could be guessed.
    #[error("an HS256 key has at least {MIN_HMAC_KEY} bytes")]
    ShortSecret,
    /// Numbers that are no point on the curve.
    #[error("the JWK's `x` and `y` are not a point on P-256, each 32 bytes in base64url without padding")]
    EcPublic,
    /// Numbers that are not a pair.
    #[error("the JWK's `d`, `x` and `y` are not a key pair on P-256, each 32 bytes in base64url without padding")]
    EcPair,
    /// No point on the curve, or one of small order, for which anyone can make signatures.
    #[error(
        "the JWK's `x` is not a safe point on Ed25519 (small orders are refused), 32 bytes in base64url without padding"
    )]
    EdPublic,
    /// Numbers that are not a pair.
    #[error("the JWK's `d` and `x` are not a key pair of Ed25519, each 32 bytes in base64url without padding")]
    EdPair,
}

/// The members that gates read.
#[derive(Deserialize)]
struct Members {
    kty: String,
    #[serde(default, deserialize_with = "present")]
    crv: Option<String>,
    #[serde(default, deserialize_with = "present")]
    alg: Option<String>,
    #[serde(default, deserialize_with = "present")]
    kid: Option<String>,
    #[serde(default, deserialize_with = "present", rename = "use")]
    key_use: Option<String>,
    #[serde(default, deserialize_with = "present")]
    key_ops: Option<Vec<String>>,
    #[serde(default, deserialize_with = "present")]
    x: Option<String>,
    #[serde(default, deserialize_with = "present")]
    y: Option<String>,
    #[serde(default, deserialize_with = "present")]
    d: Option<String>,
    #[serde(default, deserialize_with = "present")]
    k: Option<String>,
}

/// A member that may be absent, but not null: null must not pass for an absent `alg` or `d`.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Reads a JWK that is configured under the identifier `kid`.
///
/// # Errors
/// Why no gate can use it.
pub fn read(jwk: &str, kid: &str) -> Result<Jwk, JwkError> {
    if jwk.len() > MAX_JWK {
        return Err(JwkError::TooLong);
    }
    let members: Members = serde_json::from_str(jwk).map_err(|_| JwkError::Malformed)?;
    let names: BTreeMap<String, IgnoredAny> = serde_json::from_str(jwk).map_err(|_| JwkError::Malformed)?;
    let (algorithm, own): (_, &[&str]) = match (members.kty.as_str(), members.crv.as_deref()) {
        ("oct", None) => (Algorithm::Hs256, &["k"]),
        ("EC", Some("P-256")) => (Algorithm::Es256, &["crv", "x", "y", "d"]),
        ("OKP", Some("Ed25519")) => (Algorithm::EdDsa, &["crv", "x", "d"]),
        _ => return Err(JwkError::Type),
    };
    if names.keys().any(|name| MATERIAL.contains(&name.as_str()) && !own.contains(&name.as_str())) {
        return Err(JwkError::Foreign);
    }
    // The configured key decides the algorithm, never the token (RFC 8725, section 3.1).
    if members.alg.as_deref().is_some_and(|alg| !algorithm.is_called(alg)) {
        return Err(JwkError::Algorithm);
    }
    if members.kid.as_deref().is_some_and(|own| own != kid) {
        return Err(JwkError::Kid);
    }
    members.check_uses(algorithm == Algorithm::Hs256 || members.d.is_some())?;
    members.key(algorithm)
}

/// Checks a JWK that is written into a configuration, which everyone who reads the configuration has.
pub(crate) fn check_public(jwk: &str, kid: &str) -> Result<(), JwkError> {
    let members: Members = serde_json::from_str(jwk).map_err(|_| JwkError::Malformed)?;
    if members.d.is_some() || members.k.is_some() || members.kty == "oct" {
        return Err(JwkError::Secret);
    }
    read(jwk, kid).map(drop)
}

impl Members {
    /// `use` and `key_ops` (RFC 7517, sections 4.2 and 4.3), alike for all types of key.
    fn check_uses(&self, secret: bool) -> Result<(), JwkError> {
        if self.key_use.as_deref().is_some_and(|key_use| key_use != "sig") {
            return Err(JwkError::Use);
        }
        let Some(operations) = &self.key_ops else { return Ok(()) };
        let distinct: SortedSet<&str> = operations.iter().map(String::as_str).collect();
        let required = if secret { "sign" } else { "verify" };
        let others = distinct.iter().any(|name| *name != required && !(secret && *name == "verify"));
        if distinct.len() == operations.len() && distinct.contains(required) && !others {
            Ok(())
        } else {
            Err(JwkError::Operations)
        }
    }

    /// The key itself. The library gets only the members that make it, so its refusal is about them.
    fn key(&self, algorithm: Algorithm) -> Result<Jwk, JwkError> {
        let mut key = json!({"kty": self.kty, "crv": self.crv});
        for (name, value) in [("x", &self.x), ("y", &self.y), ("d", &self.d)] {
            if let (Some(value), Some(key)) = (value, key.as_object_mut()) {
                key.insert(name.to_owned(), value.as_str().into());
            }
        }
        let text = key.to_string();
        match (algorithm, self.d.is_some()) {
            (Algorithm::Hs256, _) => self.secret().map(Jwk::Secret),
            (Algorithm::Es256, true) => ES256KeyPair::from_jwk(&text).map(Jwk::EcPair).map_err(|_| JwkError::EcPair),
            (Algorithm::Es256, false) => {
                ES256PublicKey::from_jwk(&text).map(Jwk::EcPublic).map_err(|_| JwkError::EcPublic)
            }
            (Algorithm::EdDsa, true) => Ed25519KeyPair::from_jwk(&text).map(Jwk::EdPair).map_err(|_| JwkError::EdPair),
            (Algorithm::EdDsa, false) => {
                Ed25519PublicKey::from_jwk(&text).map(Jwk::EdPublic).map_err(|_| JwkError::EdPublic)
            }
        }
    }

    /// The library reads no `oct` keys.
    fn secret(&self) -> Result<HS256Key, JwkError> {
        let text = self.k.as_deref().ok_or(JwkError::NoSecret)?;
        let secret = Base64UrlSafeNoPadding::decode_to_vec(text, None).map_err(|_| JwkError::NoSecret)?;
        if secret.len() < MIN_HMAC_KEY { Err(JwkError::ShortSecret) } else { Ok(HS256Key::from_bytes(&secret)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 32 bytes; the keys of RFC 7515, appendix A.3, and RFC 8037, appendix A.1.
    const OCT: &str = r#""kty": "oct", "k": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA""#;
    const EC: &str = r#""kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0""#;
    const EC_D: &str = r#""d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI""#;
    const ED: &str = r#""kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;
    const ED_D: &str = r#""d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A""#;

    fn error(members: &str) -> Option<JwkError> {
        read(&format!("{{{members}}}"), "k1").err()
    }

    #[test]
    fn the_type_of_a_key_decides_its_algorithm() {
        assert!(matches!(read(&format!("{{{OCT}}}"), "k1"), Ok(Jwk::Secret(_))));
        assert!(matches!(read(&format!("{{{EC}, {EC_D}}}"), "k1"), Ok(Jwk::EcPair(_))));
        assert!(matches!(read(&format!("{{{EC}}}"), "k1"), Ok(Jwk::EcPublic(_))));
        assert!(matches!(read(&format!("{{{ED}, {ED_D}}}"), "k1"), Ok(Jwk::EdPair(_))));
        assert!(matches!(read(&format!("{{{ED}}}"), "k1"), Ok(Jwk::EdPublic(_))));
    }

    #[test]
    fn alg_and_kid_may_be_named_if_they_are_right() {
        for (key, right) in [(OCT, "HS256"), (EC, "ES256"), (ED, "EdDSA"), (ED, "Ed25519")] {
            assert_eq!(error(&format!(r#"{key}, "alg": "{right}", "kid": "k1""#)), None);
            for alg in ["HS256", "ES256", "EdDSA", "Ed25519", "ed25519", "none", "Ed448"] {
                let expected = (alg != right && !(key == ED && alg.starts_with("Ed") && alg != "Ed448"))
                    .then_some(JwkError::Algorithm);
                assert_eq!(error(&format!(r#"{key}, "alg": "{alg}""#)), expected, "{key} {alg}");
            }
            assert_eq!(error(&format!(r#"{key}, "kid": "k2""#)), Some(JwkError::Kid));
        }
    }

    #[test]
    fn use_and_key_ops_are_read_alike_for_all_types() {
        let (ec_pair, ed_pair) = (format!("{EC}, {EC_D}"), format!("{ED}, {ED_D}"));
        for (key, secret) in [(OCT, true), (&ec_pair, true), (&ed_pair, true), (EC, false), (ED, false)] {
            let with = |members: &str| error(&format!("{key}, {members}"));
            assert_eq!(with(r#""use": "sig""#), None);
            assert_eq!(with(r#""use": "enc""#), Some(JwkError::Use));
            assert_eq!(with(r#""use": null"#), Some(JwkError::Malformed));
            for (ops, fits) in [
                (r#"["sign"]"#, secret),
                (r#"["verify", "sign"]"#, secret),
                (r#"["verify"]"#, !secret),
                ("[]", false),
                (r#"["verify", "verify"]"#, false),
                (r#"["sign", "sign"]"#, false),
                (r#"["sign", "encrypt"]"#, false),
                (r#"["verify", "deriveKey"]"#, false),
            ] {
                let expected = (!fits).then_some(JwkError::Operations);
                assert_eq!(with(&format!(r#""key_ops": {ops}"#)), expected, "{key} {ops}");
            }
            assert_eq!(with(r#""key_ops": "sign""#), Some(JwkError::Malformed));
        }
    }

    #[test]
    fn other_keys_are_rejected() {
        let small = |x: &str| format!(r#""kty": "OKP", "crv": "Ed25519", "x": "{x}""#);
        for (members, expected) in [
            (r#""crv": "P-256""#.to_owned(), JwkError::Malformed),
            (r#""kty": "oct", "kty": "EC""#.to_owned(), JwkError::Malformed),
            (format!(r#"{EC}, "alg": null"#), JwkError::Malformed),
            (format!(r#"{OCT}, "d": null"#), JwkError::Malformed),
            (r#""kty": "RSA""#.to_owned(), JwkError::Type),
            (r#""kty": "EC", "crv": "P-384""#.to_owned(), JwkError::Type),
            (r#""kty": "oct", "crv": "P-256""#.to_owned(), JwkError::Type),
            (format!(r#"{OCT}, "d": "AAAA""#), JwkError::Foreign),
            (format!(r#"{ED}, "y": "AAAA""#), JwkError::Foreign),
            (format!(r#"{EC}, "n": "AQAB""#), JwkError::Foreign),
            (r#""kty": "oct""#.to_owned(), JwkError::NoSecret),
            (r#""kty": "oct", "k": "AAA=""#.to_owned(), JwkError::NoSecret),
            (r#""kty": "oct", "k": "AAAA""#.to_owned(), JwkError::ShortSecret),
            (r#""kty": "EC", "crv": "P-256""#.to_owned(), JwkError::EcPublic),
            // Not on the curve: `y` with another last byte.
            (EC.replace("IWI5a0", "IWI5a4"), JwkError::EcPublic),
            (format!("{EC}, {ED_D}"), JwkError::EcPair),
            (format!("{ED}, {EC_D}"), JwkError::EdPair),
            // The point at infinity, and a point of order 4.
            (small("AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), JwkError::EdPublic),
            (small("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), JwkError::EdPublic),
            // Not on the curve.
            (small("AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), JwkError::EdPublic),
            (format!(r#"{ED}, "note": "{}""#, "x".repeat(MAX_JWK)), JwkError::TooLong),
        ] {
            assert_eq!(error(&members), Some(expected), "{members}");
        }
        assert_eq!(read("[]", "k1").err(), Some(JwkError::Malformed));
    }
}
