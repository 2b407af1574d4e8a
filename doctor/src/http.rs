//! `GET` over plain HTTP, to an interface that listens on loopback or behind a port-forward.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use ureq::http::{StatusCode, Uri};
use ureq::{Agent, Body};

/// Longest time for one request, from connecting to the last byte of its response.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Largest body of a response, in bytes: the configuration of a proxy in a large mesh has tens of megabytes.
const MAX_BODY: u64 = 256 << 20;

/// The interface of a proxy or of istiod: `http://HOST:PORT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(String);

/// A text that is not an [`Endpoint`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not of the form `http://HOST:PORT`")]
pub struct EndpointError(String);

/// Why a request has no usable response. A message names the path, never the body.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// No response in time.
    #[error("{path}: no response within {} s", TIMEOUT.as_secs())]
    Timeout {
        /// The path of the request.
        path: String,
    },
    /// No connection, or a response that is not HTTP or too large.
    #[error("{path}: {error}")]
    Request {
        /// The path of the request.
        path: String,
        /// The error of the client.
        error: ureq::Error,
    },
    /// Any status but 200.
    #[error("{path}: status {status}")]
    Status {
        /// The path of the request.
        path: String,
        /// The status of the response.
        status: StatusCode,
    },
    /// A body in another form than the path should have.
    #[error("{path}: the body is not the expected JSON: {error}")]
    Body {
        /// The path of the request.
        path: String,
        /// The error of the parser.
        error: serde_json::Error,
    },
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(url: &str) -> Result<Self, EndpointError> {
        let error = || EndpointError(url.to_owned());
        let uri: Uri = url.parse().map_err(|_| error())?;
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@')).ok_or_else(error)?;
        let is_plain = uri.scheme_str() == Some("http") && matches!(uri.path(), "" | "/") && uri.query().is_none();
        if is_plain && !authority.host().is_empty() { Ok(Self(format!("http://{authority}"))) } else { Err(error()) }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A client for several requests.
pub(crate) struct Client(Agent);

impl Client {
    pub(crate) fn new() -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            // A proxy named in the environment must not answer for a loopback address.
            .proxy(None);
        Self(config.build().into())
    }

    /// The JSON in the body of a response with the status 200.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self, endpoint: &Endpoint, path: &str) -> Result<T, HttpError> {
        let failed = |error| {
            let path = path.to_owned();
            if matches!(error, ureq::Error::Timeout(_)) {
                HttpError::Timeout { path }
            } else {
                HttpError::Request { path, error }
            }
        };
        let mut response = self.0.get(format!("{endpoint}{path}")).call().map_err(failed)?;
        if response.status() != StatusCode::OK {
            return Err(HttpError::Status { path: path.to_owned(), status: response.status() });
        }
        let body = read(response.body_mut()).map_err(failed)?;
        serde_json::from_slice(&body).map_err(|error| HttpError::Body { path: path.to_owned(), error })
    }
}

fn read(body: &mut Body) -> Result<Vec<u8>, ureq::Error> {
    body.with_config().limit(MAX_BODY).read_to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_plain_http_without_a_path() {
        for (url, read) in [
            ("http://127.0.0.1:15000", "http://127.0.0.1:15000"),
            ("http://[::1]:15000/", "http://[::1]:15000"),
            ("http://istiod", "http://istiod"),
        ] {
            assert_eq!(url.parse::<Endpoint>().unwrap().to_string(), read);
        }
        for odd in [
            "127.0.0.1:15000",
            "https://a:1",
            "http://a:1/stats",
            "http://a:1?x",
            "http://user@a:1",
            "http://",
            "http://:1",
            "a b",
        ] {
            assert!(odd.parse::<Endpoint>().is_err(), "{odd}");
        }
    }
}
