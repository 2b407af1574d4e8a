//! The facts of a request, as the proxy gives them. Nothing is decided here.

use stepgate_config::gate::PeerSource;
use stepgate_decision::{Facts, Header, Listener, Needs, Randomness, UnixTime};

use crate::host::{Host, HostError};

/// `envoy.config.core.v3.TrafficDirection`.
const INBOUND: i64 = 1;
const OUTBOUND: i64 = 2;

const NANOSECONDS: u64 = 1_000_000_000;

/// Reads everything that the gate may look at, once, in the request phase: later the proxy no longer has it. Without a
/// gate nothing is looked at.
///
/// Nothing is kept from one stream for the next. One plugin may serve listeners of both directions and of several
/// certificates, and no name of a connection is one that only the proxy chooses (docs/adr/0031).
pub(crate) fn facts(
    host: &dyn Host,
    peer: Peer,
    headers: Vec<Header>,
    drawn: Drawn,
    (needs, replica): (Option<&Needs>, Option<&str>),
) -> Facts {
    let needed = |fact: fn(&Needs) -> bool| needs.is_some_and(fact);
    let port =
        || number(host, &["destination", "port"]).and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0);
    let listener = if needed(|needs| needs.listener) { listener(host) } else { Listener::Unknown };
    let chosen = || host.property(&["xds", "cluster_name"]).and_then(|name| String::from_utf8(name).ok());
    let cluster = (listener != Listener::Inbound && needed(|needs| needs.cluster)).then(chosen);
    Facts {
        listener,
        mtls: peer.mtls,
        peer: peer.uri,
        own: needed(|needs| needs.own).then(|| host.property(&["connection", "uri_san_local_certificate"])).flatten(),
        port: needed(|needs| needs.port).then(port).flatten(),
        cluster: cluster.flatten(),
        headers,
        now: drawn.now,
        random: drawn.random,
        replica: replica.map(str::to_owned),
    }
}

/// The facts that are not about the request. Without them nothing can be decided.
pub(crate) struct Drawn {
    now: UnixTime,
    random: Option<Randomness>,
}

impl Drawn {
    /// The time, and randomness where this request may need it.
    pub(crate) fn of(host: &dyn Host, needs: Option<&Needs>, headers: &[Header]) -> Result<Self, HostError> {
        let draws = needs.is_some_and(|needs| needs.randomness(headers));
        Ok(Self { now: UnixTime::from_seconds(seconds(host)?), random: draws.then(|| host.random()).transpose()? })
    }
}

/// Whole seconds since the epoch.
pub(crate) fn seconds(host: &dyn Host) -> Result<u64, HostError> {
    host.now().map(|nanoseconds| nanoseconds / NANOSECONDS)
}

fn listener(host: &dyn Host) -> Listener {
    match number(host, &["xds", "listener_direction"]) {
        Some(INBOUND) => Listener::Inbound,
        Some(OUTBOUND) => Listener::Outbound,
        _ => Listener::Unknown,
    }
}

/// A property that is a number.
fn number(host: &dyn Host, path: &[&str]) -> Option<i64> {
    host.property(path).and_then(|bytes| bytes.try_into().ok()).map(i64::from_le_bytes)
}

/// The peer: whether the connection is mutual TLS, and the URI of its certificate.
pub(crate) struct Peer {
    mtls: bool,
    uri: Option<Vec<u8>>,
}

impl Peer {
    /// Where the configuration trusts a filter before this one to name the peer, a name proves mutual TLS too.
    pub(crate) fn new(host: &dyn Host, source: &PeerSource) -> Self {
        match source {
            PeerSource::Connection => {
                let mtls = host.property(&["connection", "mtls"]).is_some_and(|bytes| bytes == [1]);
                Self { mtls, uri: host.property(&["connection", "uri_san_peer_certificate"]) }
            }
            PeerSource::FilterState(key) => {
                let uri = host.property(&["filter_state", key]).filter(|bytes| !bytes.is_empty());
                Self { mtls: uri.is_some(), uri }
            }
        }
    }

    /// The URI, if there is one and mutual TLS proves it.
    pub(crate) fn proved(&self) -> Option<&[u8]> {
        proven(self.mtls, self.uri.as_deref())
    }
}

/// The peer's URI, if there is one and mutual TLS proves it.
pub(crate) fn proved(facts: &Facts) -> Option<&[u8]> {
    proven(facts.mtls, facts.peer.as_deref())
}

fn proven(mtls: bool, uri: Option<&[u8]>) -> Option<&[u8]> {
    uri.filter(|uri| mtls && !uri.is_empty())
}
