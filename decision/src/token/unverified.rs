//! A token that is read but not verified: a compact JWS with exactly our header and claims.

use serde::Deserialize;

use super::claims::{Claims, MAX_PARENTS, TOKEN_VERSION, TokenType};
use super::compact::Compact;
use super::object::Object;
use super::quick;
use crate::denial::Denial;

/// The JOSE header: exactly these three. No member that holds a key or a certificate, or says where to
/// fetch one (`jku`, `jwk`, `x5c`, `x5u`), no extension (`crit`, `b64`): RFC 8725, section 3.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct JoseHeader {
    alg: String,
    kid: String,
    typ: String,
}

impl From<[&str; 3]> for JoseHeader {
    fn from(members: [&str; 3]) -> Self {
        let [alg, kid, typ] = members.map(str::to_owned);
        Self { alg, kid, typ }
    }
}

/// A well-formed token that is not verified. Its claims may be used to find the key, and to refuse; never to
/// permit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnverifiedToken<'a> {
    compact: Compact<'a>,
    header: JoseHeader,
    token_type: TokenType,
    claims: Claims,
}

impl<'a> UnverifiedToken<'a> {
    /// Reads a compact serialisation.
    ///
    /// # Errors
    /// [`Denial::BadStep`] for anything but three canonical base64url parts of bounded length with
    /// exactly the members that a step token has; [`Denial::WrongType`] for a `typ` that is none of ours.
    pub fn parse(compact: &'a str) -> Result<Self, Denial> {
        let compact = Compact::parse(compact)?;
        let header: JoseHeader = match quick::header(compact.header()) {
            Some(header) => header.into(),
            None => json(compact.header(), "a token's header is not exactly `alg`, `kid` and `typ`")?,
        };
        let token_type =
            TokenType::from_typ(&header.typ).ok_or(Denial::WrongType("its `typ` is not that of a step token"))?;
        let claims = match quick::claims(compact.payload()) {
            Some(claims) => claims,
            None => json(compact.payload(), "a token's claims are not those of a step")?,
        };
        if !claims.are_of(token_type) {
            return Err(Denial::BadStep("a token's claims are not those of its type"));
        }
        if claims.wf.v != TOKEN_VERSION {
            return Err(Denial::BadStep("a token is of an unknown version"));
        }
        if claims.parents.len() > MAX_PARENTS {
            return Err(Denial::BadStep("a token has more than 64 parents"));
        }
        if claims.wf.rev == 0 {
            return Err(Denial::BadStep("a revision is at least 1"));
        }
        Ok(Self { compact, header, token_type, claims })
    }

    /// The compact serialisation, as it came.
    pub fn text(&self) -> &'a str {
        self.compact.text()
    }

    /// The JWS signing input: the first two parts as they came.
    pub fn signed(&self) -> &'a str {
        self.compact.signed()
    }

    /// The signature, decoded.
    pub fn signature(&self) -> &[u8] {
        self.compact.signature()
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

    /// The claims of a token that was verified.
    pub(super) fn into_claims(self) -> Claims {
        self.claims
    }
}

fn json<T: for<'de> Deserialize<'de>>(bytes: &[u8], why: &'static str) -> Result<T, Denial> {
    // serde's derived readers refuse a repeated member.
    serde_json::from_slice(bytes).map(|Object(read)| read).map_err(|_| Denial::BadStep(why))
}
