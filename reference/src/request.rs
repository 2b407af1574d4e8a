//! A request to a gate, and whether a pattern accepts it.

use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{PathPattern, RequestPattern, without_port};

use crate::token::Shown;

/// A request to a gate.
#[derive(Debug, Clone)]
pub struct Request {
    /// The peer, if the connection has a certificate.
    pub peer: Option<SpiffeId>,
    /// The workload behind the gate.
    pub gate: SpiffeId,
    /// Which replica of it: each has a replay record of its own.
    pub replica: String,
    /// The method.
    pub method: String,
    /// The path, with its query.
    pub path: String,
    /// The authority.
    pub host: String,
    /// The workload's port, if the proxy says it.
    pub port: Option<u16>,
    /// The header lines, names in lower case, without the step.
    pub headers: Vec<(String, String)>,
    /// The entries of the step header, in order.
    pub shown: Vec<Shown>,
    /// When, in seconds since 1970.
    pub now: u64,
}

impl Request {
    /// Whether all readers take the path alike. Walks and the lab use letters, digits and `-._`; anything else in a
    /// path is there to be refused.
    pub(crate) fn reads_one_way(&self) -> bool {
        let Some(rest) = self.without_query().strip_prefix('/') else { return false };
        let last = rest.split('/').count().saturating_sub(1);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        let mut segments = rest.split('/').enumerate();
        segments.all(|(at, segment)| {
            !matches!(segment, "." | "..") && segment.bytes().all(plain) && (at == last || !segment.is_empty())
        })
    }

    fn without_query(&self) -> &str {
        self.path.split('?').next().unwrap_or_default()
    }

    /// The one protocol to which the request asks to change.
    pub(crate) fn upgrade(&self) -> Option<String> {
        let header = self.headers.iter().find(|(name, _)| name == "upgrade").map(|(_, value)| value.to_lowercase());
        header.or_else(|| (self.method == "CONNECT").then(|| "connect".to_owned()))
    }

    /// Whether the pattern accepts the request.
    pub(crate) fn is(&self, pattern: &RequestPattern) -> bool {
        self.has_method(pattern)
            && self.has_host(pattern)
            && pattern.port.is_none_or(|port| self.port == Some(port))
            && self.has_path(pattern, self.without_query())
    }

    /// Whether an application may take the request for one that the pattern accepts, whatever host it names: a `/` at
    /// the end of the path may mean nothing to it, and a port that the gate does not know may be the pattern's.
    pub(crate) fn may_be(&self, pattern: &RequestPattern) -> bool {
        let path = self.without_query();
        let trimmed = path.strip_suffix('/').filter(|path| !path.is_empty()).unwrap_or(path);
        self.has_method(pattern)
            && pattern.port.is_none_or(|port| self.port.is_none_or(|own| own == port))
            && self.has_path(pattern, trimmed)
    }

    pub(crate) fn has_host(&self, pattern: &RequestPattern) -> bool {
        pattern.host.as_ref().is_none_or(|host| self.host == *host || without_port(&self.host) == host)
    }

    fn has_method(&self, pattern: &RequestPattern) -> bool {
        // These send back what the gate adds.
        let sends_back = ["TRACE", "TRACK"].contains(&self.method.to_uppercase().as_str());
        let named = pattern.methods.iter().any(|method| method.as_str() == self.method);
        !sends_back && (named || pattern.methods.is_empty())
    }

    fn has_path(&self, pattern: &RequestPattern, path: &str) -> bool {
        let matches =
            |pattern: &PathPattern| path.strip_prefix('/').is_some_and(|rest| pattern.matches(rest.split('/')));
        self.reads_one_way() && pattern.path.as_ref().is_none_or(matches)
    }
}
