//! The first part of a key's tokens: their JOSE header, encoded once for all of them.

use stepgate_config::jwk::Algorithm;
use stepgate_config::name::Kid;

use super::claims::TokenType;
use crate::base64url;

/// The first part of a key's tokens of each type, and the dot behind it.
pub(crate) struct Heads {
    arrival: String,
    receipt: String,
    departure: String,
}

impl Heads {
    pub(crate) fn new(algorithm: Algorithm, kid: &Kid) -> Self {
        let head = |token_type: TokenType| {
            let (alg, typ) = (algorithm.alg(), token_type.typ());
            // In the library's order. None of the three has a character that JSON escapes.
            base64url::encode(format!(r#"{{"alg":"{alg}","kid":"{kid}","typ":"{typ}"}}"#)) + "."
        };
        Self {
            arrival: head(TokenType::Arrival),
            receipt: head(TokenType::Receipt),
            departure: head(TokenType::Departure),
        }
    }

    pub(crate) fn of(&self, token_type: TokenType) -> &str {
        match token_type {
            TokenType::Arrival => &self.arrival,
            TokenType::Receipt => &self.receipt,
            TokenType::Departure => &self.departure,
        }
    }
}
