//! What the shell itself knows of a stream, decided or not: whoever reads in the log that something
//! failed must find out for whom.

use stepgate_config::spiffe::SpiffeId;
use stepgate_decision::Header;
use stepgate_decision::verdict::AuditContext;

use crate::host::{Host, Part};
use crate::refuse::is_grpc;

/// All that [`Known::of`] looks at.
const HEADERS: [&str; 3] = [":method", ":path", "content-type"];
/// Most bytes of a header that are looked at; an audit context keeps fewer.
const MAX_HEADER: usize = 1024;
/// Longest URI that is kept, in bytes.
const MAX_URI: usize = 256;

/// What is known of a stream.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub(crate) audit: AuditContext,
    /// The URI of the peer's certificate, where it is no SPIFFE ID. For the owner's log alone.
    pub(crate) uri: Option<String>,
    /// Whether the caller takes a refusal in the form of gRPC.
    pub(crate) grpc: bool,
}

impl Known {
    /// Before the decision. `peer` is the URI of the peer's certificate.
    pub(crate) fn of(headers: &[Header], peer: Option<&[u8]>) -> Self {
        let first = |name| headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_slice());
        let text = |name| lossy(first(name).unwrap_or_default(), MAX_HEADER);
        let mut audit = AuditContext::begun(&text(":method"), &text(":path"));
        audit.peer = peer.and_then(|uri| SpiffeId::try_from(uri).ok());
        let uri = peer.filter(|_| audit.peer.is_none()).map(|uri| lossy(uri, MAX_URI));
        Self { audit, uri, grpc: is_grpc(headers) }
    }

    /// The same where the proxy's list of all headers cannot be had: too many of them must not hide
    /// who sent them.
    pub(crate) fn without_list(host: &dyn Host, peer: Option<&[u8]>) -> Self {
        let one = |name: &str| Some((name.to_owned(), host.first_header(Part::RequestHeaders, name)?));
        let headers: Vec<Header> = HEADERS.into_iter().filter_map(one).collect();
        Self::of(&headers, peer)
    }

    /// What the decision found is kept, for all that may yet fail in this stream.
    pub(crate) fn learn(&mut self, found: &AuditContext) {
        let peer = self.audit.peer.take();
        self.audit.clone_from(found);
        // The decision names the peer only once it has got that far.
        if self.audit.peer.is_none() {
            self.audit.peer = peer;
        }
    }
}

fn lossy(bytes: &[u8], most: usize) -> String {
    let mut text = String::from_utf8_lossy(bytes.get(..most).unwrap_or(bytes)).into_owned();
    // What replaces a byte that is no text is longer than the byte.
    text.truncate(text.floor_char_boundary(most));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_peer_sends_is_bounded() {
        let headers = HEADERS.map(|name| (name.to_owned(), vec![0xff; 1 << 20]));
        let known = Known::of(&headers, Some(&[0xff; 1 << 16]));
        let uri = known.uri.unwrap();
        assert!((MAX_URI - 2..=MAX_URI).contains(&uri.len()), "{}", uri.len());
        assert!(known.audit.method.len() <= 128 && known.audit.path.len() <= 260);
        assert!(known.audit.peer.is_none() && !known.grpc);
    }
}
