//! What comes back of a request that went on.

use stepgate_decision::permit::{Reply, scrub};
use stepgate_decision::{Denial, Gate, Header};

use crate::headers::{Headers, single};
use crate::host::{Host, Part};

/// The response to come.
pub(crate) struct Response {
    reply: Reply,
    /// Whether the request was gRPC, or may have been.
    grpc: bool,
    /// When the receipt is due. Nothing is, before the response has begun.
    receipt: Receipt,
    /// Whether the request went on only because the gate watches.
    pub(crate) watched: bool,
}

/// A receipt says that the performer did its work: 2xx, for gRPC status 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Receipt {
    Now,
    WithTrailers,
    Never,
}

impl Response {
    pub(crate) fn new(reply: Reply, grpc: bool) -> Self {
        Self { reply, grpc, receipt: Receipt::Never, watched: false }
    }

    /// To a request that may not go on, and does because the gate only watches.
    pub(crate) fn watched(grpc: bool) -> Self {
        Self { watched: true, ..Self::new(Reply::default(), grpc) }
    }

    /// Whatever step the application answered with is removed; the start token goes with any answer
    /// (the instance has begun), the receipt with a good one.
    pub(crate) fn headers(&mut self, gate: &Gate, host: &dyn Host) -> Result<(), Denial> {
        let present = host.headers(Part::ResponseHeaders).map_err(Denial::Internal)?;
        let mut headers = Headers::of(host, Part::ResponseHeaders);
        scrub(gate, &present, &mut headers)?;
        self.reply.apply_start(&mut headers)?;
        self.receipt = self.due(&present);
        if self.receipt == Receipt::Now { self.reply.apply_receipt(&mut headers) } else { Ok(()) }
    }

    /// The same for the trailers.
    pub(crate) fn trailers(&mut self, gate: &Gate, host: &dyn Host) -> Result<(), Denial> {
        let present = host.headers(Part::ResponseTrailers).map_err(Denial::Internal)?;
        let mut trailers = Headers::of(host, Part::ResponseTrailers);
        scrub(gate, &present, &mut trailers)?;
        let due = self.receipt == Receipt::WithTrailers && single(&present, "grpc-status") == Some(b"0");
        if due { self.reply.apply_receipt(&mut trailers) } else { Ok(()) }
    }

    fn due(&self, present: &[Header]) -> Receipt {
        if !single(present, ":status").is_some_and(|status| status.len() == 3 && status.starts_with(b"2")) {
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

/// Whether a request or response may be gRPC for somebody: media types have no case (RFC 9110, section
/// 8.3.1), and a header that stands twice can be read either way. Also gRPC-Web, whose status is in the
/// body: what is not seen is not good.
///
/// Wider than [`crate::refuse::is_grpc`], which is Envoy's idea of it: a receipt too few is safe.
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
            ("101", Receipt::Never),
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
    }
}
