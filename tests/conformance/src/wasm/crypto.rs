//! Envoy's two foreign functions (`foreign.cc`, `utility_impl.cc`), over another library: `verify_signature.proto` and
//! `sign.proto` of `source/extensions/common/wasm/ext`. Keys and signatures are DER.

use p256::ecdsa::signature::{Signer, Verifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use p256::pkcs8::{DecodePrivateKey, DecodePublicKey};
use prost::Message;

use super::status::BAD_ARGUMENT;

#[derive(Message)]
struct VerifyArguments {
    #[prost(string, tag = "1")]
    hash_function: String,
    #[prost(bytes = "vec", tag = "2")]
    public_key: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    signature: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    text: Vec<u8>,
}

#[derive(Message)]
struct VerifyResult {
    #[prost(bool, tag = "1")]
    result: bool,
    #[prost(string, tag = "2")]
    error: String,
}

#[derive(Message)]
#[prost(skip_debug)]
struct SignArguments {
    #[prost(string, tag = "1")]
    hash_function: String,
    #[prost(bytes = "vec", tag = "2")]
    private_key: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    text: Vec<u8>,
}

#[derive(Message)]
struct SignResult {
    #[prost(bool, tag = "1")]
    result: bool,
    #[prost(bytes = "vec", tag = "2")]
    signature: Vec<u8>,
    #[prost(string, tag = "3")]
    error: String,
}

/// Answers `verify_signature`.
pub(super) fn verify(arguments: &[u8]) -> Result<Vec<u8>, u32> {
    let asked = VerifyArguments::decode(arguments).map_err(|_| BAD_ARGUMENT)?;
    if asked.hash_function != "sha256" {
        return Ok(verdict(false, "sha256 is all that is known here"));
    }
    let key = VerifyingKey::from_public_key_der(&asked.public_key).map_err(|_| BAD_ARGUMENT)?;
    let good = Signature::from_der(&asked.signature).is_ok_and(|raw| key.verify(&asked.text, &raw).is_ok());
    Ok(verdict(good, if good { "" } else { "Failed to verify digest. Error code: 0" }))
}

/// Answers `sign`.
pub(super) fn sign(arguments: &[u8]) -> Result<Vec<u8>, u32> {
    let asked = SignArguments::decode(arguments).map_err(|_| BAD_ARGUMENT)?;
    if asked.hash_function != "sha256" {
        return Ok(signed(false, &[], "sha256 is all that is known here"));
    }
    let key = SigningKey::from_pkcs8_der(&asked.private_key).map_err(|_| BAD_ARGUMENT)?;
    let signature: Signature = key.sign(&asked.text);
    Ok(signed(true, signature.to_der().as_bytes(), ""))
}

/// An answer of `verify_signature`.
pub fn verdict(result: bool, error: &str) -> Vec<u8> {
    VerifyResult { result, error: error.to_owned() }.encode_to_vec()
}

/// An answer of `sign`.
pub fn signed(result: bool, signature: &[u8], error: &str) -> Vec<u8> {
    SignResult { result, signature: signature.to_vec(), error: error.to_owned() }.encode_to_vec()
}
