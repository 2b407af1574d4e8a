//! One question over plain HTTP, to an interface that listens on loopback or behind a port-forward.

use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::HOST;
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// The longest that an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// The longest answer that is read: the configuration of a proxy in a large mesh has tens of megabytes.
const MAX_ANSWER: usize = 256 << 20;

/// Where to ask: `http://HOST:PORT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    host: String,
    port: u16,
}

impl Place {
    /// Reads a URL, without a path of its own.
    ///
    /// # Errors
    /// In words.
    pub fn read(url: &str) -> Result<Self, String> {
        let uri: Uri = url.parse().map_err(|_| format!("`{url}` is no URL"))?;
        let (scheme, path) = (uri.scheme_str(), uri.path());
        match (scheme, uri.host(), path) {
            (Some("http"), Some(host), "/" | "") => {
                Ok(Self { host: host.trim_matches(['[', ']']).to_owned(), port: uri.port_u16().unwrap_or(80) })
            }
            _ => Err(format!("`{url}` is not of the form `http://HOST:PORT`")),
        }
    }

    /// The body of the answer to `GET`.
    ///
    /// # Errors
    /// In words; also for any answer that is not 200.
    pub(super) async fn get(&self, path: &str) -> Result<Bytes, String> {
        match tokio::time::timeout(PATIENCE, self.answer(path)).await {
            Ok(answer) => answer,
            Err(_) => Err(format!("no answer to {path} within {} s", PATIENCE.as_secs())),
        }
    }

    async fn answer(&self, path: &str) -> Result<Bytes, String> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(|error| error.to_string())?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
        tokio::spawn(connection);
        let request = Request::get(path).header(HOST, format!("{}:{}", self.host, self.port));
        let request = request.body(Empty::<Bytes>::new()).map_err(|error| error.to_string())?;
        let response = sender.send_request(request).await.map_err(|error| format!("{path}: {error}"))?;
        let status = response.status();
        if status != 200 {
            return Err(format!("{path}: status {status}"));
        }
        let body = Limited::new(response.into_body(), MAX_ANSWER).collect().await;
        Ok(body.map_err(|error| format!("{path}: {error}"))?.to_bytes())
    }

    /// The same, as JSON.
    pub(super) async fn json(&self, path: &str) -> Result<serde_json::Value, String> {
        serde_json::from_slice(&self.get(path).await?).map_err(|error| format!("{path}: no JSON: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_plain_http_without_a_path() {
        let place = Place::read("http://127.0.0.1:15000").unwrap();
        assert_eq!((place.host.as_str(), place.port), ("127.0.0.1", 15000));
        assert_eq!(Place::read("http://[::1]:15000/").unwrap().host, "::1");
        for odd in ["127.0.0.1:15000", "https://a:1", "http://a:1/stats", "http://", "a b"] {
            assert!(Place::read(odd).is_err(), "{odd}");
        }
    }
}
