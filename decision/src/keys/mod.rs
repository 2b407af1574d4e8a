//! Keys by (workflow, `kid`): each fixes the algorithm and the actor who may sign with it.

mod crypto;
pub mod ecdsa;
mod error;
mod hmac;
mod jwk;
mod ring;

pub use crypto::{Crypto, RustCrypto};
pub use error::{SignError, VerifyError};
pub use hmac::HmacKey;
pub use jwk::Material;
pub use ring::{Key, KeyActor, KeyError, KeyRing};
pub use stepgate_config::jwk::{Algorithm, JwkError};
