//! What is known of a request when it is decided.

use crate::time::UnixTime;

/// A request header as the proxy holds it: a lower-case name and any bytes. Pseudo-headers
/// (`:method`, `:path`, `:authority`; RFC 9113, section 8.3.1) are among them.
pub type Header = (String, Vec<u8>);

/// Most request headers that the decision looks at.
pub const MAX_HEADERS: usize = 512;

/// Random bytes for one request.
pub type Randomness = [u8; 32];

/// Which way the listener looks on which a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Listener {
    /// Towards this workload.
    Inbound,
    /// From this workload to others.
    Outbound,
    /// The proxy does not say.
    #[default]
    Unknown,
}

/// The facts of one request. Nothing here has been judged.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Which way the listener looks.
    pub listener: Listener,
    /// Whether the request came over mutual TLS (or a trusted filter says who the peer is).
    pub mtls: bool,
    /// The first URI of the peer's certificate.
    pub peer: Option<&'a [u8]>,
    /// The URI of the gate's own certificate: under what identity it was reached.
    pub own: Option<&'a [u8]>,
    /// All request headers, in order.
    pub headers: &'a [Header],
    /// The time.
    pub now: UnixTime,
    /// Fresh randomness from a cryptographic source.
    pub random: Randomness,
    /// The receiving replica, as the proxy knows it.
    pub replica: Option<&'a str>,
}

impl<'a> Facts<'a> {
    /// All values of a header.
    pub(crate) fn all<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        self.headers.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_slice())
    }

    /// The first value of a header.
    pub(crate) fn first(&self, name: &str) -> Option<&'a [u8]> {
        self.all(name).next()
    }
}
