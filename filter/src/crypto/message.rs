//! The two foreign functions of Envoy and their messages: `verify_signature.proto` and `sign.proto` of
//! `source/extensions/common/wasm/ext`. Keys and signatures are DER.

use prost::Message;

use crate::host::{Host, HostError};

/// The only hash function of ES256 (RFC 7518, section 3.4).
const HASH: &str = "sha256";
/// Longest answer that is read, in bytes: a signature is 72, and an error a line.
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

/// Not to be written anywhere: it holds a private key.
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

/// Whether a signature is the key's over the text.
///
/// # Errors
/// Where the proxy does not answer plainly. An answer with neither a `true` nor an error says nothing: all
/// of it is what a message has that nobody filled in.
pub(super) fn verify(host: &dyn Host, spki: &[u8], signature: &[u8], text: &[u8]) -> Result<bool, HostError> {
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
        (true, false) => Err("the proxy calls a signature good and names an error"),
        (false, true) => Err("the proxy calls a signature neither good nor bad"),
    }
}

/// The key's signature over the text.
///
/// # Errors
/// Where the proxy does not answer with one.
pub(super) fn sign(host: &dyn Host, pkcs8: &[u8], text: &[u8]) -> Result<Vec<u8>, HostError> {
    let arguments = SignArguments { hash_function: HASH.to_owned(), private_key: pkcs8.to_vec(), text: text.to_vec() };
    let answer: SignResult = call(host, "sign", &arguments)?;
    if answer.result && answer.error.is_empty() { Ok(answer.signature) } else { Err("the proxy does not sign") }
}

fn call<Answer: Message + Default>(
    host: &dyn Host,
    function: &str,
    arguments: &impl Message,
) -> Result<Answer, HostError> {
    let answer = host.foreign(function, &arguments.encode_to_vec())?;
    if answer.len() > MAX_ANSWER {
        return Err("the proxy's crypto answers at length");
    }
    Answer::decode(answer.as_slice()).map_err(|_| "the proxy's crypto answers with what is no message")
}
