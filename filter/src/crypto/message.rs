//! The two foreign functions of Envoy and their messages: `verify_signature.proto` and `sign.proto` of
//! `source/extensions/common/wasm/ext`. Keys and signatures are DER.

use prost::Message;

use super::error::CryptoError;
use crate::host::Host;

/// The only hash function of ES256 (RFC 7518, section 3.4).
const HASH: &str = "sha256";
/// Longest answer that is read, in bytes: a signature has 72, and an error is one line.
const MAX_ANSWER: usize = 1024;

#[derive(Message)]
pub(super) struct VerifySignatureArguments {
    #[prost(string, tag = "1")]
    pub(super) hash_function: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) public_key: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    pub(super) signature: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    pub(super) text: Vec<u8>,
}

#[derive(Message)]
pub(super) struct VerifySignatureResult {
    #[prost(bool, tag = "1")]
    pub(super) result: bool,
    #[prost(string, tag = "2")]
    pub(super) error: String,
}

/// Never to be logged: it holds a private key.
#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct SignArguments {
    #[prost(string, tag = "1")]
    pub(super) hash_function: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) private_key: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    pub(super) text: Vec<u8>,
}

#[derive(Message)]
pub(super) struct SignResult {
    #[prost(bool, tag = "1")]
    pub(super) result: bool,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) signature: Vec<u8>,
    #[prost(string, tag = "3")]
    pub(super) error: String,
}

/// Whether a signature over the text is the key's.
///
/// # Errors
/// If the answer is not clear. One with neither a `true` nor an error is not: an empty message reads like that.
pub(super) fn verify(host: &dyn Host, spki: &[u8], signature: &[u8], text: &[u8]) -> Result<bool, CryptoError> {
    let arguments = VerifySignatureArguments {
        hash_function: HASH.to_owned(),
        public_key: spki.to_vec(),
        signature: signature.to_vec(),
        text: text.to_vec(),
    };
    let answer: VerifySignatureResult = call(host, "verify_signature", &arguments)?;
    match (answer.result, answer.error.is_empty()) {
        (true, true) => Ok(true),
        (false, false) => Ok(false),
        (true, false) => Err(CryptoError::GoodWithError),
        (false, true) => Err(CryptoError::NoVerdict),
    }
}

/// The key's signature over the text.
///
/// # Errors
/// If the proxy does not answer with one.
pub(super) fn sign(host: &dyn Host, pkcs8: &[u8], text: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let arguments = SignArguments { hash_function: HASH.to_owned(), private_key: pkcs8.to_vec(), text: text.to_vec() };
    let answer: SignResult = call(host, "sign", &arguments)?;
    if answer.result && answer.error.is_empty() { Ok(answer.signature) } else { Err(CryptoError::Unsigned) }
}

fn call<Answer: Message + Default>(
    host: &dyn Host,
    function: &str,
    arguments: &impl Message,
) -> Result<Answer, CryptoError> {
    let answer = host.call_foreign_function(function, &arguments.encode_to_vec())?;
    if answer.len() > MAX_ANSWER {
        return Err(CryptoError::TooLong);
    }
    Answer::decode(answer.as_slice()).map_err(|_| CryptoError::NotAMessage)
}
