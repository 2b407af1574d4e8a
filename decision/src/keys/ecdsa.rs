//! ECDSA on P-256: the two spellings of a signature, and a key in the form that other libraries take.
//!
//! JWS writes a signature as `r || s` (RFC 7518, section 3.4); Envoy and most libraries take it in DER
//! (RFC 3279, section 2.2.3). Both directions accept one spelling only, and numbers from 1 up to the order of the
//! group: a signature that some readers accept and others refuse is refused here.

use jwt_simple::prelude::{ECDSAP256PublicKeyLike, ES256KeyPair, ES256PublicKey};
use p256::ecdsa::Signature;
use p256::ecdsa::signature::Verifier;

/// A signature as JWS has it, in bytes.
pub const RAW_SIGNATURE: usize = 64;

/// `r || s` in DER. None for anything but 64 bytes with both numbers in range.
pub fn to_der(raw: &[u8]) -> Option<Vec<u8>> {
    Some(Signature::from_slice(raw).ok()?.to_der().as_bytes().to_vec())
}

/// DER as `r || s`. None for anything but the one DER of a signature with both numbers in range.
pub fn from_der(der: &[u8]) -> Option<[u8; RAW_SIGNATURE]> {
    Some(Signature::from_der(der).ok()?.to_bytes().into())
}

/// A public key.
pub struct EcPublic {
    pub(super) key: ES256PublicKey,
    spki: Vec<u8>,
}

impl EcPublic {
    pub(super) fn new(key: ES256PublicKey) -> Option<Self> {
        let spki = key.public_key().to_der().ok()?;
        Some(Self { key, spki })
    }

    /// As DER (`SubjectPublicKeyInfo`, RFC 5480).
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// Whether these 64 bytes are the key's signature over the text: for the self-test of a proxy's crypto. Tokens are
    /// verified by [`super::Crypto`].
    pub fn verifies(&self, text: &[u8], raw: &[u8]) -> bool {
        // `s` and `n - s` are both valid, here as in Envoy: two signatures do not make two tokens, since the replay
        // record goes by the claims.
        Signature::from_slice(raw)
            .is_ok_and(|signature| self.key.public_key().as_ref().verify(text, &signature).is_ok())
    }
}

/// A key pair.
pub struct EcPair {
    pub(super) pair: ES256KeyPair,
    pub(super) public: EcPublic,
    pkcs8: Vec<u8>,
}

impl EcPair {
    pub(super) fn new(pair: ES256KeyPair) -> Option<Self> {
        let pkcs8 = pair.to_der().ok()?;
        Some(Self { public: EcPublic::new(pair.public_key())?, pkcs8, pair })
    }

    /// The private key as DER (PKCS #8, RFC 5958).
    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }
}
