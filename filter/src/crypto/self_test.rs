//! The self-test of the proxy's crypto: before a gate uses it, it must give the same answers as Rust.

use stepgate_config::name::Kid;
use stepgate_decision::keys::ecdsa::{from_der, to_der};
use stepgate_decision::keys::{Key, KeyActor};

use super::error::CryptoError;
use super::message;
use crate::host::Host;

/// A published key pair (RFC 6979, section A.2.5), so not a secret.
const KEY: &str = r#"{
    "kty": "EC", "crv": "P-256",
    "x": "YP7UuiVanTHJYet0xjVtaMBJuJI7Yfps5mliLmDyn7Y", "y": "eQP-EAi4vJmkGunpVii8ZPLxsgwtfp9Rd6PClNRGIpk",
    "d": "ya-p2EW6dRZrXCFXZ7HWk05Qw9s26JsSe4piKxIPZyE"
}"#;
/// Its signature over [`TEXT`] with SHA-256 (same section).
const SIGNATURE: [u8; 64] = [
    0xef, 0xd4, 0x8b, 0x2a, 0xac, 0xb6, 0xa8, 0xfd, 0x11, 0x40, 0xdd, 0x9c, 0xd4, 0x5e, 0x81, 0xd6, 0x9d, 0x2c, 0x87,
    0x7b, 0x56, 0xaa, 0xf9, 0x91, 0xc3, 0x4d, 0x0e, 0xa8, 0x4e, 0xaf, 0x37, 0x16, 0xf7, 0xcb, 0x1c, 0x94, 0x2d, 0x65,
    0x7c, 0x41, 0xd4, 0x36, 0xc7, 0xa1, 0xb6, 0xe2, 0x9f, 0x65, 0xf3, 0xe9, 0x00, 0xdb, 0xb9, 0xaf, 0xf4, 0x06, 0x4d,
    0xc4, 0xab, 0x2f, 0x84, 0x3a, 0xcd, 0xa8,
];
const TEXT: &[u8] = b"sample";

/// The known signature is valid. With one bit changed, over another text, or not in DER, it is not.
pub(super) fn verifies(host: &dyn Host) -> Result<(), CryptoError> {
    let key = key()?;
    let spki = key.material().ec_public().ok_or(CryptoError::SelfTestKey)?.spki();
    let good = to_der(&SIGNATURE).ok_or(CryptoError::SelfTestKey)?;
    let mut changed = SIGNATURE;
    *changed.last_mut().ok_or(CryptoError::SelfTestKey)? ^= 1;
    let changed = to_der(&changed).ok_or(CryptoError::SelfTestKey)?;
    let cases: [(&[u8], &[u8], bool); 4] =
        [(&good, TEXT, true), (&changed, TEXT, false), (&good, b"Sample", false), (&SIGNATURE, TEXT, false)];
    for (signature, text, expected) in cases {
        if message::verify(host, spki, signature, text)? != expected {
            return Err(CryptoError::WrongVerdict);
        }
    }
    Ok(())
}

/// Rust accepts a signature that the proxy made.
pub(super) fn signs(host: &dyn Host) -> Result<(), CryptoError> {
    let key = key()?;
    let pair = key.material().ec_pair().ok_or(CryptoError::SelfTestKey)?;
    let der = message::sign(host, pair.pkcs8(), TEXT)?;
    let raw = from_der(&der).ok_or(CryptoError::NotASignature)?;
    let public = key.material().ec_public().ok_or(CryptoError::SelfTestKey)?;
    if public.verifies(TEXT, &raw) { Ok(()) } else { Err(CryptoError::BadSignature) }
}

fn key() -> Result<Key, CryptoError> {
    let kid = Kid::try_from("self-test").map_err(|_| CryptoError::SelfTestKey)?;
    Key::new(kid, KeyActor::Any, KEY).map_err(|_| CryptoError::SelfTestKey)
}
