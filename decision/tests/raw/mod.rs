//! Signatures over any text, judged by the functions that tokens are verified with, with keys as a gate reads them.

use jwt_simple::prelude::EdDSAPublicKeyLike;
use stepgate_decision::keys::Material;

/// Whether these bytes are the key's signature (JWS, RFC 7515) over the text.
pub(crate) fn verifies(key: &Material, text: &[u8], signature: &[u8]) -> bool {
    let ed25519 = |key: &jwt_simple::prelude::Ed25519PublicKey| {
        ed25519_compact::Signature::from_slice(signature)
            .is_ok_and(|signature| key.public_key().as_ref().verify(text, &signature).is_ok())
    };
    match key {
        Material::Hmac(key) => key.verifies(text, signature),
        Material::EcPair(_) | Material::EcPublic(_) => key.ec_public().is_some_and(|key| key.verifies(text, signature)),
        Material::EdPair(key) => ed25519(&key.public_key()),
        Material::EdPublic(key) => ed25519(key),
    }
}
