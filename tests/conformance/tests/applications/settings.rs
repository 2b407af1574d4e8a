//! The settings of an application.

use std::net::SocketAddr;

/// Where an application listens, and whom it calls.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) at: SocketAddr,
    pub(crate) meeting: String,
    pub(crate) next: String,
    /// Whether it has the middleware, or OpenTelemetry's instrumentation.
    pub(crate) with: bool,
}
