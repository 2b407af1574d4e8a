//! A request to a gate, and whether a pattern accepts it.

use stepgate_config::gate::{ExemptPeers, GateConfig};
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{RequestPattern, Task, without_port};

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

    /// Whether the gate exempts the request, for peers that pass the test.
    pub(crate) fn is_exempt(&self, gate: &GateConfig, peers: impl Fn(&ExemptPeers) -> bool) -> bool {
        let is = |one: &stepgate_config::gate::Exemption| peers(&one.peers) && self.is(&one.request);
        self.upgrade().is_none() && gate.exempt.iter().any(is)
    }

    /// Whether the task accepts the request.
    pub(crate) fn is_for(&self, task: &Task) -> bool {
        (task.requests.is_empty() && !self.echoes()) || task.requests.iter().any(|pattern| self.is(pattern))
    }

    fn is(&self, pattern: &RequestPattern) -> bool {
        let method = pattern.methods.iter().any(|method| method.as_str() == self.method);
        let path = |pattern: &stepgate_config::workflow::PathPattern| {
            self.without_query().strip_prefix('/').is_some_and(|rest| pattern.matches(rest.split('/')))
        };
        (method || pattern.methods.is_empty() && !self.echoes())
            && self.reads_one_way()
            && pattern.host.as_ref().is_none_or(|host| self.host == *host || without_port(&self.host) == host)
            && pattern.path.as_ref().is_none_or(path)
    }

    /// TRACE sends back what the gate adds: it must be named.
    fn echoes(&self) -> bool {
        matches!(self.method.as_str(), "TRACE" | "TRACK")
    }
}
