//! Strict compact JWS (RFC 7515, section 3.1), before any library sees it.

use ct_codecs::{Base64UrlSafeNoPadding, Decoder};
use serde::Deserialize;

use super::claims::{Claims, MAX_PARENTS, TOKEN_VERSION, TokenType};
use crate::denial::Denial;

/// Longest token, in bytes.
pub const MAX_TOKEN: usize = 8192;
/// Longest JOSE header, encoded, in bytes.
const MAX_HEADER: usize = 512;

/// The JOSE header: exactly these three. Nothing that names a key, a certificate or a place to
/// fetch one (`jku`, `jwk`, `x5c`, `x5u`), no extension (`crit`, `b64`): RFC 8725, section 3.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct JoseHeader {
    alg: String,
    kid: String,
    typ: String,
}

/// A token that is well formed, and of which nothing is believed yet. Its claims may be used to find
/// the key, and to refuse; never to permit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jws<'a> {
    compact: &'a str,
    header: JoseHeader,
    token_type: TokenType,
    claims: Claims,
}

impl<'a> Jws<'a> {
    /// Takes a compact serialisation apart.
    ///
    /// # Errors
    /// [`Denial::BadStep`] for anything but three canonical base64url parts of bounded length with
    /// exactly the members that a step token has; [`Denial::WrongType`] for a `typ` that is none of ours.
    pub fn parse(compact: &'a str) -> Result<Self, Denial> {
        if compact.len() > MAX_TOKEN {
            return Err(Denial::BadStep("a token has more than 8192 bytes"));
        }
        let mut parts = compact.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Denial::BadStep("a token is not three parts"));
        };
        if header.len() > MAX_HEADER {
            return Err(Denial::BadStep("a token's header has more than 512 bytes"));
        }
        let header: JoseHeader = json(header, "a token's header is not exactly `alg`, `kid` and `typ`")?;
        let token_type = TokenType::from_typ(&header.typ).ok_or(Denial::WrongType("`typ` is no step token's"))?;
        let claims: Claims = json(payload, "a token's claims are not those of a step")?;
        decode(signature, "a token's signature is not canonical base64url")?;
        // The one before the first version is none.
        if claims.wf.v != TOKEN_VERSION {
            return Err(Denial::BadStep("a token is of an unknown version"));
        }
        if claims.par.len() > MAX_PARENTS {
            return Err(Denial::BadStep("a token has more than 64 parents"));
        }
        if claims.exp > claims.dl || claims.iat > claims.exp {
            return Err(Denial::BadStep("a token's times are out of order"));
        }
        Ok(Self { compact, header, token_type, claims })
    }

    /// The token as it came.
    pub fn compact(&self) -> &'a str {
        self.compact
    }

    /// The algorithm that the header claims. The key decides which one it is.
    pub fn alg(&self) -> &str {
        &self.header.alg
    }

    /// The key that the header names.
    pub fn kid(&self) -> &str {
        &self.header.kid
    }

    /// The token's type, as claimed.
    pub fn token_type(&self) -> TokenType {
        self.token_type
    }

    /// The claims, not verified.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The claims of a token whose signature has been found good.
    pub(super) fn into_claims(self) -> Claims {
        self.claims
    }
}

fn decode(part: &str, why: &'static str) -> Result<Vec<u8>, Denial> {
    Base64UrlSafeNoPadding::decode_to_vec(part, None).map_err(|_| Denial::BadStep(why))
}

fn json<T: for<'de> Deserialize<'de>>(part: &str, why: &'static str) -> Result<T, Denial> {
    // serde's derived readers refuse a member that stands twice.
    serde_json::from_slice(&decode(part, why)?).map_err(|_| Denial::BadStep(why))
}
