//! A request as a caller writes it, and the response that came back.

use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};

use super::call_error::CallError;
use super::seen::Seen;

/// The header of an accepted upgrade in which the application says what it saw, as JSON.
pub(super) const SEEN: &str = "x-lab-seen";

/// The HTTP version on the wire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Version {
    /// HTTP/1.1.
    #[default]
    Http1,
    /// HTTP/2; in plain text with prior knowledge.
    Http2,
}

/// A request. Names and values go out as they are, as often as they are listed.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The path with its query; for `CONNECT` the authority.
    pub path: String,
    /// `host` replaces the name of the workload called; `:protocol` makes an extended CONNECT (RFC 8441).
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
    /// Trailers, after a chunked body in HTTP/1.1.
    pub trailers: Vec<(String, Vec<u8>)>,
    /// The version.
    pub version: Version,
    /// One of the gate's further ports, for a direct call; none: its own.
    pub port: Option<u16>,
}

impl Request {
    /// A request over HTTP/1.1 without headers and body.
    pub fn new(method: impl Into<String>, path: impl Into<String>) -> Self {
        Self { method: method.into(), path: path.into(), ..Self::default() }
    }

    /// A gRPC call with an empty message: `path` is `/package.Service/Method`.
    pub fn grpc(path: impl Into<String>) -> Self {
        Self::new("POST", path)
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            // An uncompressed message of no bytes (gRPC over HTTP/2, "Length-Prefixed-Message").
            .body(vec![0; 5])
            .over(Version::Http2)
    }

    /// Adds a header line.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Adds a trailer line.
    #[must_use]
    pub fn trailer(mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.trailers.push((name.into(), value.into()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets the port of the gate, for a direct call.
    #[must_use]
    pub fn at(mut self, port: Option<u16>) -> Self {
        self.port = port;
        self
    }

    /// Sets the version.
    #[must_use]
    pub fn over(mut self, version: Version) -> Self {
        self.version = version;
        self
    }
}

/// A response, read to its end.
#[derive(Debug, Clone, Default)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Header lines, names in lower case.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
    /// Trailer lines.
    pub trailers: Vec<(String, Vec<u8>)>,
}

impl Response {
    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        first(&self.headers, name)
    }

    /// The first trailer of this name.
    pub fn trailer(&self, name: &str) -> Option<&[u8]> {
        first(&self.trailers, name)
    }

    /// The status of a gRPC call, in the trailers or, where there was no message, in the headers.
    pub fn grpc_status(&self) -> Option<u32> {
        let value = self.trailer("grpc-status").or(self.header("grpc-status"))?;
        std::str::from_utf8(value).ok()?.parse().ok()
    }

    /// The request as the application saw it; `None` if it was not the application that answered.
    pub fn seen(&self) -> Option<Seen> {
        // A gRPC message has five bytes in front of it. An accepted upgrade has no body.
        let json = match self.body.first() {
            Some(b'{') => self.body.as_slice(),
            Some(_) => self.body.get(5..)?,
            None => self.header(SEEN)?,
        };
        serde_json::from_slice(json).ok()
    }
}

fn first<'a>(lines: &'a [(String, Vec<u8>)], name: &str) -> Option<&'a [u8]> {
    let found = lines.iter().find(|(n, _)| n.eq_ignore_ascii_case(name))?;
    Some(&found.1)
}

pub(super) fn lines(map: &HeaderMap) -> Vec<(String, Vec<u8>)> {
    map.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect()
}

pub(super) fn header_map<'a>(lines: impl IntoIterator<Item = &'a (String, Vec<u8>)>) -> Result<HeaderMap, CallError> {
    let mut map = HeaderMap::new();
    for (name, value) in lines {
        let unsendable = || CallError::Unsendable(format!("the header `{name}`"));
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unsendable())?;
        let value = HeaderValue::from_bytes(value).map_err(|_| unsendable())?;
        map.append(name, value);
    }
    Ok(map)
}
