//! The facts of a request, before any of them is judged.

use stepgate_config::sorted::SortedSet;

use crate::denial::Denial;
use crate::time::UnixTime;

/// A request header as the proxy holds it: a lower-case name and any bytes. Pseudo-headers
/// (`:method`, `:path`, `:authority`; RFC 9113, section 8.3.1) are among them.
pub type Header = (String, Vec<u8>);

/// Most request headers that the decision looks at.
pub const MAX_HEADERS: usize = 512;

/// Random bytes for one request.
pub type Randomness = [u8; 32];

/// The direction of the listener on which a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Listener {
    /// To this workload.
    Inbound,
    /// From this workload to others.
    Outbound,
    /// The proxy does not say.
    #[default]
    Unknown,
}

/// The facts of one request. This is the one type of a request outside the decision: a proxy's filter fills it in, and
/// so does [`Facts::received`] where there is no proxy.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The direction of the listener.
    pub listener: Listener,
    /// Whether the request came over mutual TLS (or a trusted filter names the peer).
    pub mtls: bool,
    /// The first URI of the peer's certificate.
    pub peer: Option<Vec<u8>>,
    /// The URI of the gate's own certificate: the identity under which it was reached.
    pub own: Option<Vec<u8>>,
    /// The workload's port on which the request came; none where the proxy does not say.
    pub port: Option<u16>,
    /// The cluster that the proxy has chosen for a request to others; none where it has chosen none.
    pub cluster: Option<String>,
    /// All request headers, in order.
    pub headers: Vec<Header>,
    /// The time.
    pub now: UnixTime,
    /// Fresh randomness from a cryptographic source; none where the gate draws none ([`crate::Needs::randomness`]).
    pub random: Option<Randomness>,
    /// The name of the receiving replica.
    pub replica: Option<String>,
}

impl Facts {
    /// The randomness.
    pub(crate) fn drawn(&self) -> Result<&Randomness, Denial> {
        self.random.as_ref().ok_or(Denial::Internal("a decision without randomness"))
    }

    /// A request as an inbound listener would have received it, for a decision without a proxy. A peer has mutual TLS.
    pub fn received(peer: Option<&str>, own: &str, headers: Vec<Header>, now: UnixTime, random: Randomness) -> Self {
        Self {
            listener: Listener::Inbound,
            mtls: peer.is_some(),
            peer: peer.map(|id| id.as_bytes().to_vec()),
            own: Some(own.as_bytes().to_vec()),
            port: None,
            cluster: None,
            headers,
            now,
            random: Some(random),
            replica: None,
        }
    }

    /// All values of a header.
    pub(crate) fn all<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        self.headers.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_slice())
    }

    /// The first value of a header.
    pub(crate) fn first(&self, name: &str) -> Option<&[u8]> {
        self.all(name).next()
    }
}

/// Whether some servers make one variable of both names, as of `x_a`, `x.a` and `x-a` (RFC 3875, section 4.1.18).
pub(crate) fn same_variable(name: &str, own: &str) -> bool {
    let mark = |byte: u8| !byte.is_ascii_alphanumeric();
    let same = |(a, b): (u8, u8)| a.eq_ignore_ascii_case(&b) || (mark(a) && mark(b));
    name.len() == own.len() && !is_pseudo(name) && name.bytes().zip(own.bytes()).all(same)
}

/// No server makes a variable of `:path`, and a document may name a header `-path`.
fn is_pseudo(name: &str) -> bool {
    name.starts_with(':')
}

/// A name as such servers have it: in lower case, with `-` for each mark.
fn folded(name: &str) -> impl Iterator<Item = u8> {
    name.bytes().map(|byte| if byte.is_ascii_alphanumeric() { byte.to_ascii_lowercase() } else { b'-' })
}

/// Names of headers that documents have, perhaps thousands: each header of a request is looked up among them.
pub(crate) struct HeaderNames(Vec<String>);

impl HeaderNames {
    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The name in the set of which some servers make the same variable, [folded](folded).
    pub(crate) fn same_variable(&self, name: &str) -> Option<&str> {
        let found = self.0.binary_search_by(|own| own.bytes().cmp(folded(name)));
        found.ok().filter(|_| !is_pseudo(name)).and_then(|at| self.0.get(at)).map(String::as_str)
    }
}

impl<'n> FromIterator<&'n str> for HeaderNames {
    fn from_iter<I: IntoIterator<Item = &'n str>>(names: I) -> Self {
        let folded = |name| folded(name).map(char::from).collect();
        let names: SortedSet<String> = names.into_iter().map(folded).collect();
        Self(names.into_iter().collect())
    }
}

/// The headers of a request, its pseudo-headers first.
pub fn request_headers<'h>(
    method: &str,
    path: &str,
    authority: &str,
    more: impl IntoIterator<Item = (&'h str, &'h str)>,
) -> Vec<Header> {
    let pseudo = [(":method", method), (":path", path), (":authority", authority)];
    let header = |(name, value): (&str, &str)| (name.to_owned(), value.as_bytes().to_vec());
    pseudo.into_iter().map(header).chain(more.into_iter().map(header)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_every_spelling_that_some_server_takes_for_them_and_no_other_header_is() {
        let names: HeaderNames = ["x-a", "-path", "x_b", "x"].into_iter().collect();
        for (name, found) in [
            ("x-a", Some("x-a")),
            ("X_A", Some("x-a")),
            ("x.a", Some("x-a")),
            ("x-b", Some("x-b")),
            ("-path", Some("-path")),
            ("_path", Some("-path")),
            (":path", None),
            ("x-c", None),
            ("x-", None),
            ("x-a-", None),
            ("", None),
        ] {
            assert_eq!(names.same_variable(name), found, "{name}");
            let alike = ["x-a", "-path", "x_b", "x"].iter().any(|own| same_variable(name, own));
            assert_eq!(alike, found.is_some(), "{name}");
        }
    }
}
