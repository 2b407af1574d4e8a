//! Keys by (workflow, `kid`): each fixes the algorithm and the actor who may have signed with it.

mod crypto;
pub mod ecdsa;
mod jwk;
mod ring;

pub use crypto::{Crypto, RustCrypto};
pub use jwk::{Algorithm, JwkError, Material};
pub use ring::{Key, KeyActor, KeyError, KeyRing};
