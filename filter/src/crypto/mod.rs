//! ES256 by the proxy's own crypto, which takes a tenth of the time that it takes in this module. Everything
//! else, and ES256 where the proxy's is not there or was not found good, is done in Rust.
//!
//! A proxy that fails, or answers what it should not, is not believed: that signature is judged, or made,
//! in Rust. What the proxy cannot do is have a signature taken for good by failing.

mod message;
#[cfg(test)]
mod tests;
mod trial;

use std::cell::Cell;

use ct_codecs::{Base64UrlSafeNoPadding, Encoder};
use stepgate_decision::keys::{Crypto, Key, RustCrypto, ecdsa};
use stepgate_decision::token::{Claims, TokenType, UnverifiedToken, unsigned};

use crate::host::{Host, HostError, Level, NO_FUNCTION};
use crate::lines;

/// What the proxy's crypto was found good for, under one configuration.
#[derive(Debug, Default)]
pub(crate) struct Native {
    verifies: bool,
    signs: bool,
    told: Cell<bool>,
}

impl Native {
    /// What the self-test finds, and what is to be said of it.
    pub(crate) fn tried(host: &dyn Host) -> (Self, Vec<(Level, String)>) {
        let mut notes = Vec::new();
        let mut good = |what: &str, found: Result<(), HostError>| {
            let level = |why| if why == NO_FUNCTION { Level::Info } else { Level::Warn };
            found.map_err(|why| notes.push((level(why), format!("{what} in Rust: {why}")))).is_ok()
        };
        let verifies = good("ES256 is verified", trial::verifies(host));
        let signs = good("ES256 is signed", trial::signs(host));
        (Self { verifies, signs, told: Cell::new(false) }, notes)
    }

    /// Whose code verifies, and whose signs: for the log.
    pub(crate) fn engines(&self) -> [&'static str; 2] {
        [self.verifies, self.signs].map(|native| if native { "proxy" } else { "rust" })
    }

    /// Once: a peer may be able to bring it about again and again.
    fn tell(&self, host: &dyn Host, why: HostError) {
        if !self.told.replace(true) {
            host.log(Level::Error, &lines::trouble("the proxy's crypto failed; Rust does what it does not", why));
        }
    }
}

/// The proxy's crypto where it is good, else Rust.
pub(crate) struct ProxyCrypto<'a> {
    pub(crate) host: &'a dyn Host,
    pub(crate) native: &'a Native,
}

impl Crypto for ProxyCrypto<'_> {
    fn verify(&self, key: &Key, jws: &UnverifiedToken<'_>) -> bool {
        let Some(public) = key.material().ec_public().filter(|_| self.native.verifies) else {
            return RustCrypto.verify(key, jws);
        };
        // What is no signature for one is none for the other.
        let Some(signature) = ecdsa::to_der(jws.signature()) else { return false };
        match message::verify(self.host, public.spki(), &signature, jws.signed().as_bytes()) {
            Ok(good) => good,
            Err(why) => {
                self.native.tell(self.host, why);
                RustCrypto.verify(key, jws)
            }
        }
    }

    fn sign(&self, key: &Key, token_type: TokenType, claims: &Claims) -> Result<String, &'static str> {
        let Some(pair) = key.material().ec_pair().filter(|_| self.native.signs) else {
            return RustCrypto.sign(key, token_type, claims);
        };
        let text = unsigned(key, token_type, claims)?;
        match sign(self.host, pair, text.as_bytes()) {
            Ok(signature) => Ok(format!("{text}.{signature}")),
            Err(why) => {
                self.native.tell(self.host, why);
                RustCrypto.sign(key, token_type, claims)
            }
        }
    }
}

fn sign(host: &dyn Host, pair: &ecdsa::EcPair, text: &[u8]) -> Result<String, HostError> {
    let der = message::sign(host, pair.pkcs8(), text)?;
    let raw = ecdsa::from_der(&der).ok_or("the proxy signs with what is no ECDSA signature")?;
    Base64UrlSafeNoPadding::encode_to_string(raw).map_err(|_| "a signature cannot be encoded")
}
