//! The response to a request that went on.

use proxy_wasm::types::MapType;
use stepgate_decision::keys::Crypto;
use stepgate_decision::permit::{Reply, scrub};
use stepgate_decision::{Denial, Gate, Header, UnixTime, scrub_answer};

use crate::delivery::Delivery;
use crate::headers::{self, Headers, internal, single};
use crate::host::Host;
use crate::request::seconds;

/// The response to a request that went on.
pub(crate) struct Response {
    pub(crate) reply: Reply,
    /// Whether the request was gRPC, or may have been.
    grpc: bool,
    /// When the receipt is due; never, before the response has begun.
    receipt: Receipt,
    /// Whether a response began that says that nobody behind the gate got the request.
    pub(crate) undelivered: bool,
    /// Whether the request was denied and went on only because the gate observes.
    pub(crate) observed: bool,
    /// Whether the request asks to change to another protocol and the receiver has not agreed (101).
    pub(crate) awaits_upgrade: bool,
    /// Whether the request was the application's own.
    outbound: bool,
    /// Why a token was removed from the answer to the application.
    pub(crate) removed: Option<Box<Denial>>,
}

/// A receipt states that the performer did its work: status 2xx, for gRPC also status 0; or that it has accepted an
/// upgrade: status 101.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Receipt {
    Now,
    WithTrailers,
    Never,
}

impl Response {
    pub(crate) fn new(reply: Reply, grpc: bool) -> Self {
        let (undelivered, observed, awaits_upgrade, outbound) = (false, false, false, false);
        let (receipt, removed) = (Receipt::Never, None);
        Self { reply, grpc, receipt, undelivered, observed, awaits_upgrade, outbound, removed }
    }

    /// The response to a request with these headers, of the application itself or of others.
    pub(crate) fn to(self, request: &[Header], outbound: bool) -> Self {
        // Where Envoy runs filters, an upgrade over HTTP/2 has the header too.
        let awaits_upgrade = request.iter().any(|(name, _)| name.eq_ignore_ascii_case("upgrade"));
        Self { awaits_upgrade, outbound, ..self }
    }

    /// The response to a request that was denied by a gate that only observes.
    pub(crate) fn observed(grpc: bool) -> Self {
        Self { observed: true, ..Self::new(Reply::default(), grpc) }
    }

    /// Removes the steps; from an answer to the application those that it may not have. An answer to a request of the
    /// application that was only observed stays as it is.
    fn scrub(
        &mut self,
        gate: &Gate,
        host: &dyn Host,
        crypto: &dyn Crypto,
        present: &[Header],
        map: &mut Headers<'_>,
    ) -> Result<(), Denial> {
        match (self.outbound, self.observed) {
            (false, _) => scrub(gate, present, map),
            (true, true) => Ok(()),
            (true, false) => {
                let now = seconds(host).map(UnixTime::from_seconds).map_err(internal)?;
                self.removed = scrub_answer(gate, self.reply.onward(), present, (crypto, now), map)?.map(Box::new);
                Ok(())
            }
        }
    }

    /// Removes any step that the application answered with. Adds the start token to any response to a request that may
    /// have been delivered (the instance has begun), and the receipt to a good one of the application itself: a filter
    /// behind the gate that answers 200 in its place has not done its work.
    pub(crate) fn headers(&mut self, gate: &Gate, host: &dyn Host, crypto: &dyn Crypto) -> Result<(), Denial> {
        let present = headers::read(host, MapType::HttpResponseHeaders)?;
        let mut headers = Headers::new(host, MapType::HttpResponseHeaders, &present);
        self.scrub(gate, host, crypto, &present, &mut headers)?;
        self.awaits_upgrade &= single(&present, ":status") != Some(b"101");
        // An exempt or observed request, one at level `identity`, or one that leaves at `signed`, brings no token and has
        // consumed nothing. Most others bring no token, and a response that says that they are done gives no use back.
        if self.reply.is_empty() || (!self.reply.brings_token() && says_done(&present)) {
            return Ok(());
        }
        let delivery = Delivery::of(host);
        self.undelivered = delivery == Delivery::Undelivered;
        if !self.undelivered {
            self.reply.apply_start(&mut headers)?;
        }
        self.receipt = if delivery == Delivery::Answered { self.due(&present) } else { Receipt::Never };
        if self.receipt == Receipt::Now { self.reply.apply_receipt(&mut headers) } else { Ok(()) }
    }

    /// The same for the trailers.
    pub(crate) fn trailers(&mut self, gate: &Gate, host: &dyn Host, crypto: &dyn Crypto) -> Result<(), Denial> {
        let present = headers::read(host, MapType::HttpResponseTrailers)?;
        let mut trailers = Headers::new(host, MapType::HttpResponseTrailers, &present);
        self.scrub(gate, host, crypto, &present, &mut trailers)?;
        let due = self.receipt == Receipt::WithTrailers && single(&present, "grpc-status") == Some(b"0");
        if due { self.reply.apply_receipt(&mut trailers) } else { Ok(()) }
    }

    fn due(&self, present: &[Header]) -> Receipt {
        let status = single(present, ":status").unwrap_or_default();
        if status == b"101" && !self.grpc {
            return Receipt::Now;
        }
        if status.len() != 3 || !status.starts_with(b"2") {
            return Receipt::Never;
        }
        let grpc = self.grpc || may_be_grpc(present);
        let has_status = present.iter().any(|(name, _)| name.eq_ignore_ascii_case("grpc-status"));
        match (grpc || has_status, has_status, single(present, "grpc-status")) {
            (false, _, _) => Receipt::Now,
            (true, false, _) => Receipt::WithTrailers,
            (true, true, Some(b"0")) => Receipt::Now,
            (true, true, _) => Receipt::Never,
        }
    }
}

/// Whether a response says that the request is done. A response of gRPC may say in a header that it is not.
fn says_done(present: &[Header]) -> bool {
    single(present, ":status").is_some_and(|status| status.len() == 3 && status.starts_with(b"2"))
        && !present.iter().any(|(name, _)| name.eq_ignore_ascii_case("grpc-status"))
}

/// Whether any reader may take a request or response for gRPC: media types have no case (RFC 9110, section 8.3.1),
/// and a header with two lines can be read either way. This includes gRPC-Web, whose status is in the body, which the
/// gate does not see.
///
/// Wider than [`crate::local_reply::is_grpc`], which is Envoy's own rule: a missing receipt is safe, a wrong one is not.
pub(crate) fn may_be_grpc(headers: &[Header]) -> bool {
    const GRPC: &[u8] = b"application/grpc";
    headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        .any(|(_, value)| value.windows(GRPC.len()).any(|part| part.eq_ignore_ascii_case(GRPC)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(grpc: bool, headers: &[(&str, &str)]) -> Receipt {
        let headers: Vec<Header> = headers.iter().map(|(n, v)| ((*n).to_owned(), v.as_bytes().to_vec())).collect();
        Response::new(Reply::default(), grpc).due(&headers)
    }

    #[test]
    fn a_receipt_is_for_a_good_answer_only() {
        for (status, receipt) in [
            ("200", Receipt::Now),
            ("204", Receipt::Now),
            ("101", Receipt::Now),
            ("304", Receipt::Never),
            ("403", Receipt::Never),
            ("503", Receipt::Never),
            ("2000", Receipt::Never),
            ("", Receipt::Never),
        ] {
            assert_eq!(due(false, &[(":status", status)]), receipt, "{status}");
        }
        assert_eq!(due(false, &[]), Receipt::Never);
        assert_eq!(due(false, &[(":status", "200"), (":status", "200")]), Receipt::Never);
    }

    #[test]
    fn grpc_says_in_its_trailers_how_it_went() {
        let ok = (":status", "200");
        assert_eq!(due(true, &[ok]), Receipt::WithTrailers);
        assert_eq!(due(true, &[ok, ("grpc-status", "0")]), Receipt::Now);
        assert_eq!(due(true, &[ok, ("grpc-status", "7")]), Receipt::Never);
        assert_eq!(due(true, &[ok, ("grpc-status", "0"), ("grpc-status", "7")]), Receipt::Never);
        assert_eq!(due(false, &[ok, ("grpc-status", "7")]), Receipt::Never);
        assert_eq!(due(false, &[ok, ("content-type", "application/grpc-web")]), Receipt::WithTrailers);
        assert_eq!(due(true, &[(":status", "503")]), Receipt::Never);
        assert_eq!(due(true, &[(":status", "101")]), Receipt::Never);
    }
}
