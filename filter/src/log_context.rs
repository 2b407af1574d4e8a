//! The context of all log events of a stream. An event about a failure names the caller, the request and, once it
//! is known, the instance, whether or not there was a decision.

use stepgate_config::spiffe::SpiffeId;
use stepgate_decision::Header;
use stepgate_decision::verdict::AuditContext;

/// At most this many bytes of a header are read; the audit context keeps fewer.
const MAX_HEADER: usize = 1024;
/// At most this many bytes of a URI are kept.
const MAX_URI: usize = 256;

/// The context of the log events of one stream.
#[derive(Debug, Default)]
pub(crate) struct LogContext {
    pub(crate) audit: AuditContext,
    /// The URI of the peer's certificate, if it is not a SPIFFE ID. For the owner's log only.
    pub(crate) uri: Option<String>,
}

impl LogContext {
    /// The context before the decision. `peer` is the URI of the peer's certificate.
    pub(crate) fn new(headers: &[Header], peer: Option<&[u8]>) -> Self {
        let first = |name| headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_slice());
        let text = |name| lossy(first(name).unwrap_or_default(), MAX_HEADER);
        let mut audit = AuditContext::begun(&text(":method"), &text(":path"));
        audit.peer = peer.and_then(|uri| SpiffeId::try_from(uri).ok());
        let uri = peer.filter(|_| audit.peer.is_none()).map(|uri| lossy(uri, MAX_URI));
        Self { audit, uri }
    }

    /// Adds the findings of the decision, for all that may still fail in this stream.
    pub(crate) fn update(&mut self, found: &AuditContext) {
        let peer = self.audit.peer.take();
        self.audit.clone_from(found);
        // A decision that ends early has not read the peer.
        if self.audit.peer.is_none() {
            self.audit.peer = peer;
        }
    }
}

fn lossy(bytes: &[u8], most: usize) -> String {
    let mut text = String::from_utf8_lossy(bytes.get(..most).unwrap_or(bytes)).into_owned();
    // The replacement character is longer than the byte that it replaces.
    text.truncate(text.floor_char_boundary(most));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_a_peer_are_bounded() {
        let headers = [":method", ":path"].map(|name| (name.to_owned(), vec![0xff; 1 << 20]));
        let context = LogContext::new(&headers, Some(&[0xff; 1 << 16]));
        let uri = context.uri.unwrap();
        assert!((MAX_URI - 2..=MAX_URI).contains(&uri.len()), "{}", uri.len());
        assert!(context.audit.method.len() <= 128 && context.audit.path.len() <= 260);
        assert!(context.audit.peer.is_none());
    }
}
