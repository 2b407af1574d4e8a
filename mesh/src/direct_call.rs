//! A direct call to a gate that this crate did not start, such as the one of `envoy/local.yaml`.

use std::net::SocketAddr;

use tokio::runtime::Builder;

use super::call_error::CallError;
use super::certificates::Credential;
use super::client::{Client, Route};
use super::message::{Request, Response};
use super::raw::Raw;
use super::tls::{Ends, Server};

/// Calls the gate at `to`, which must show the certificate `server`, with the certificate `client` or none. Blocks.
///
/// # Errors
/// [`CallError`] if no whole response came within [`super::CALL_TIMEOUT`].
pub fn call_gate(
    to: SocketAddr,
    server: &Credential,
    client: Option<&Credential>,
    request: &Request,
) -> Result<Response, CallError> {
    let route = Route {
        to,
        version: request.version,
        tls: Some(Ends {
            client: client.cloned(),
            name: to.ip().to_string(),
            server: Server::Shows(server.certificate.clone()),
        }),
    };
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| CallError::Connect(e.to_string()))?;
    runtime.block_on(Client::default().call(&route, &to.to_string(), request))
}

/// The same with bytes of HTTP/1, sent unchanged.
///
/// # Errors
/// As [`call_gate`].
pub fn call_gate_raw(
    to: SocketAddr,
    server: &Credential,
    client: Option<&Credential>,
    request: &[u8],
) -> Result<Response, CallError> {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| CallError::Connect(e.to_string()))?;
    runtime.block_on(async { Raw::open(to, server, client).await?.exchange(request).await })
}
