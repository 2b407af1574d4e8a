//! Why a token is not verified, or claims are not signed.

/// Why a token is not verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The signature is not that key's.
    #[error("the signature is not that key's")]
    BadSignature,
    /// Past its `exp`.
    #[error("the token has expired")]
    Expired,
    /// Issued in the future.
    #[error("the token was issued in the future")]
    NotYet,
}

/// Why claims are not signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The key is public.
    #[error("the key is public: it cannot sign")]
    PublicKey,
    /// The library failed.
    #[error("the token could not be signed")]
    Failed,
}
