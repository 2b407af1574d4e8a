//! A request as the application behind a gate saw it.

use serde::{Deserialize, Serialize};

/// What an application saw of one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The workload.
    pub workload: String,
    /// The method.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The authority: `:authority`, or `host`.
    pub authority: String,
    /// `HTTP/1.1` or `HTTP/2.0`.
    pub version: String,
    /// Names in lower case; bytes that are not UTF-8 are replaced.
    pub headers: Vec<(String, String)>,
    /// The length of the body.
    pub body_bytes: usize,
    /// As `headers`.
    pub trailers: Vec<(String, String)>,
}

impl Seen {
    /// Every value of a header, in order.
    pub fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let lines = self.headers.iter();
        lines.filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}
