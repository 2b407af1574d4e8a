//! ES256 by the proxy's own crypto, which takes a tenth of the time that this module takes. Rust does everything
//! else, and ES256 too if the proxy has no such function or fails the self-test.
//!
//! If the proxy fails or gives a malformed answer, Rust verifies or makes that signature instead. So a failure of the
//! proxy never makes a signature valid.

mod error;
mod message;
mod self_test;
#[cfg(test)]
mod tests;

use std::cell::Cell;

use log::Level;
use stepgate_decision::Clock;
use stepgate_decision::keys::{Crypto, Key, RustCrypto, SignError, VerifyError, ecdsa};
use stepgate_decision::token::{Claims, TokenType, UnverifiedToken, signed, unsigned};

use crate::host::{Host, HostError};
use crate::log_events;
use error::CryptoError;

/// The functions of the proxy's crypto that passed the self-test, under one configuration.
#[derive(Debug, Default)]
pub(crate) struct HostCrypto {
    verifies: bool,
    signs: bool,
    failure_logged: Cell<bool>,
}

impl HostCrypto {
    /// Runs the self-test. Returns messages for the log, too.
    pub(crate) fn self_tested(host: &dyn Host) -> (Self, Vec<(Level, String)>) {
        let mut messages = Vec::new();
        let mut passed = |what: &str, result: Result<(), CryptoError>| {
            let absent = CryptoError::Host(HostError::NoFunction);
            let level = |why| if why == absent { Level::Info } else { Level::Warn };
            result.map_err(|why| messages.push((level(why), format!("{what} in Rust: {why}")))).is_ok()
        };
        let verifies = passed("ES256 is verified", self_test::verifies(host));
        let signs = passed("ES256 is signed", self_test::signs(host));
        (Self { verifies, signs, failure_logged: Cell::new(false) }, messages)
    }

    /// Whose code verifies, and whose signs: for the log.
    pub(crate) fn engines(&self) -> [&'static str; 2] {
        [self.verifies, self.signs].map(|by_proxy| if by_proxy { "proxy" } else { "rust" })
    }

    /// Logs a failure once: a peer may be able to cause it again and again.
    fn log_failure(&self, why: CryptoError) {
        if !self.failure_logged.replace(true) {
            log_events::trouble("the proxy's crypto failed; Rust replaces it", &why.to_string());
        }
    }
}

/// The crypto of a gate: the proxy's where it passed the self-test, else Rust.
pub(crate) struct GateCrypto<'a> {
    pub(crate) host: &'a dyn Host,
    pub(crate) host_crypto: &'a HostCrypto,
}

impl Crypto for GateCrypto<'_> {
    fn verify(&self, key: &Key, token: &UnverifiedToken<'_>, clock: Clock) -> Result<(), VerifyError> {
        let Some(public) = key.material().ec_public().filter(|_| self.host_crypto.verifies) else {
            return RustCrypto.verify(key, token, clock);
        };
        // Both libraries must accept the same signatures: a malformed one reaches neither.
        let signature = ecdsa::to_der(token.signature()).ok_or(VerifyError::BadSignature)?;
        match message::verify(self.host, public.spki(), &signature, token.signed().as_bytes()) {
            Ok(true) => Ok(()),
            Ok(false) => Err(VerifyError::BadSignature),
            Err(why) => {
                self.host_crypto.log_failure(why);
                RustCrypto.verify(key, token, clock)
            }
        }
    }

    fn sign(&self, key: &Key, token_type: TokenType, claims: &Claims) -> Result<String, SignError> {
        let Some(pair) = key.material().ec_pair().filter(|_| self.host_crypto.signs) else {
            return RustCrypto.sign(key, token_type, claims);
        };
        let text = unsigned(key, token_type, claims)?;
        match sign(self.host, pair, text.as_bytes()) {
            Ok(signature) => Ok(signed(&text, &signature)),
            Err(why) => {
                self.host_crypto.log_failure(why);
                RustCrypto.sign(key, token_type, claims)
            }
        }
    }
}

fn sign(host: &dyn Host, pair: &ecdsa::EcPair, text: &[u8]) -> Result<[u8; ecdsa::RAW_SIGNATURE], CryptoError> {
    let der = message::sign(host, pair.pkcs8(), text)?;
    ecdsa::from_der(&der).ok_or(CryptoError::NotASignature)
}
