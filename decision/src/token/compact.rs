//! Strict compact JWS (RFC 7515, section 3.1): three parts in canonical base64url.

use stepgate_config::bounds::MAX_TOKEN;

use crate::base64url;
use crate::denial::Denial;

/// Longest JOSE header, encoded, in bytes.
pub(crate) const MAX_HEADER: usize = 512;

/// Three decoded parts, none of them interpreted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compact<'a> {
    text: &'a str,
    signed: &'a str,
    header: Vec<u8>,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'a> Compact<'a> {
    /// Splits and decodes a compact serialisation.
    ///
    /// # Errors
    /// [`Denial::BadStep`] for anything but three canonical base64url parts of bounded length.
    pub fn parse(text: &'a str) -> Result<Self, Denial> {
        if text.len() > MAX_TOKEN {
            return Err(Denial::BadStep("a token has more than 8192 bytes"));
        }
        let mut parts = text.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Denial::BadStep("a token does not have three parts"));
        };
        if header.len() > MAX_HEADER {
            return Err(Denial::BadStep("a token's header has more than 512 bytes"));
        }
        Ok(Self {
            text,
            signed: text.rsplit_once('.').map(|(signed, _)| signed).unwrap_or_default(),
            header: decode(header, "a token's header is not canonical base64url")?,
            payload: decode(payload, "a token's claims are not canonical base64url")?,
            signature: decode(signature, "a token's signature is not canonical base64url")?,
        })
    }

    /// The whole serialisation, as it came.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The JWS signing input: the first two parts as they came.
    pub fn signed(&self) -> &'a str {
        self.signed
    }

    /// The JOSE header, decoded.
    pub fn header(&self) -> &[u8] {
        &self.header
    }

    /// The payload, decoded.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The signature, decoded.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }
}

fn decode(part: &str, why: &'static str) -> Result<Vec<u8>, Denial> {
    base64url::decode(part).ok_or(Denial::BadStep(why))
}
