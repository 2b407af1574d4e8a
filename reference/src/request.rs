//! A request to a gate, and whether a pattern accepts it.

use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Method, RequestPattern, without_port};

use crate::header::header;
use crate::path::{As, Path};
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
    /// Whether all readers take the path alike.
    pub(crate) fn reads_one_way(&self) -> bool {
        Path::of(&self.path).is_some()
    }

    /// The one protocol to which the request asks to change.
    pub(crate) fn upgrade(&self) -> Option<String> {
        let header = self.headers.iter().find(|(name, _)| name == "upgrade").map(|(_, value)| value.to_lowercase());
        header.or_else(|| (self.method == "CONNECT").then(|| "connect".to_owned()))
    }

    /// Whether the pattern accepts the request.
    pub(crate) fn is(&self, pattern: &RequestPattern) -> bool {
        let named = pattern.methods.iter().any(|method| method.as_str() == self.method);
        (named || pattern.methods.is_empty())
            && self.may_have_method(pattern)
            && self.has_host(pattern)
            && pattern.port.is_none_or(|port| self.port == Some(port))
            && self.has_path(pattern, As::Sent)
            && pattern.headers.iter().all(|(name, rule)| header(&self.headers, name) == Some(rule.value()))
    }

    /// Whether an application may take the request for one that the pattern accepts, whatever host and headers it names: the
    /// letter case of the method and a `/` at the end of the path may mean nothing to it, it may decode the path before it
    /// compares it, find a variable elsewhere, run a HEAD as a GET, and a port that the gate does not know may be the
    /// pattern's.
    pub(crate) fn may_be(&self, pattern: &RequestPattern) -> bool {
        self.may_have_method(pattern)
            && pattern.port.is_none_or(|port| self.port.is_none_or(|own| own == port))
            && self.has_path(pattern, As::Decoded)
    }

    /// Whether the request has escaped a character that the pattern has as it is.
    pub(crate) fn escapes(&self, pattern: &RequestPattern) -> bool {
        !self.has_path(pattern, As::Masked)
    }

    fn has_host(&self, pattern: &RequestPattern) -> bool {
        let own = self.host.to_lowercase();
        pattern.host.as_ref().is_none_or(|host| own == *host || without_port(&own) == host)
    }

    /// Whether an application may take the request's host for the pattern's: it is, or it is not `name` or `name:port`.
    pub(crate) fn may_have_host(&self, pattern: &RequestPattern) -> bool {
        let mut parts = self.host.split(':');
        let is_of = |text: &str, more: &str| {
            !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
        };
        let name = parts.next().is_some_and(|name| name.split('.').all(|label| is_of(label, "-_")));
        let port = parts.next().is_none_or(|port| port.parse().is_ok_and(|n: u16| n.to_string() == port && n > 0));
        self.has_host(pattern) || !(name && port && parts.next().is_none())
    }

    /// Whether the request's host has the pattern's name, whatever the ports of both.
    pub(crate) fn has_name(&self, pattern: &RequestPattern) -> bool {
        let name = |host: &str| host.split(':').next().unwrap_or_default().to_lowercase();
        pattern.host.as_deref().is_some_and(|host| name(host) == name(&self.host))
    }

    fn may_have_method(&self, pattern: &RequestPattern) -> bool {
        let own = self.method.to_uppercase();
        let mut listed = pattern.methods.iter().map(Method::as_str);
        // These send back what the gate adds.
        let sends_back = ["TRACE", "TRACK"].contains(&own.as_str());
        !sends_back && (pattern.methods.is_empty() || listed.any(|one| one == own || (own == "HEAD" && one == "GET")))
    }

    fn has_path(&self, pattern: &RequestPattern, how: As) -> bool {
        let path = Path::of(&self.path);
        path.is_some_and(|path| pattern.path.as_ref().is_none_or(|pattern| path.is(&pattern.to_string(), how)))
    }
}
