//! Why the proxy's crypto is not used for a signature.

use crate::host::HostError;

/// Why the proxy's crypto is not used for a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum CryptoError {
    #[error(transparent)]
    Host(#[from] HostError),
    #[error("the proxy's answer is too long")]
    TooLong,
    #[error("the proxy's answer is not a message of this function")]
    NotAMessage,
    #[error("the proxy calls a signature good and names an error")]
    GoodWithError,
    #[error("the proxy calls a signature neither good nor bad")]
    NoVerdict,
    #[error("the proxy does not sign")]
    Unsigned,
    #[error("the proxy's signature is not an ECDSA signature in DER")]
    NotASignature,
    #[error("the proxy's signature is not valid")]
    BadSignature,
    #[error("the proxy judges a known signature wrongly")]
    WrongVerdict,
    #[error("the key of the self-test cannot be read")]
    SelfTestKey,
}
