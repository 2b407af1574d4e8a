//! Why a request got no response.

use std::time::Duration;

/// The longest that a call may take.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a request got no response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// It is not a request of HTTP, so it was never sent.
    #[error("{0} cannot be sent over HTTP")]
    Unsendable(String),
    /// There is no connection.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// The TLS handshake failed, or the peer ended a new connection before any response, as it does if it does not
    /// accept our certificate.
    #[error("the peer refused the TLS connection: {0}")]
    Tls(String),
    /// The connection broke or carried no HTTP.
    #[error("the connection broke: {0}")]
    Http(String),
    /// There was no whole response in time.
    #[error("no response within {} s", CALL_TIMEOUT.as_secs())]
    Timeout,
}
