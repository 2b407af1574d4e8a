//! The response to a denied request: the code, and nothing else.

use stepgate_decision::{Code, Header};

use crate::headers::single;
use crate::host::LocalReply;

/// `PERMISSION_DENIED` (gRPC status codes).
const PERMISSION_DENIED: u8 = 7;

/// The response to a denied request: `application/problem+json` (RFC 9457) with status 403, or for gRPC the
/// status 7 with the code as its message.
pub(crate) fn denied(code: Code, grpc: bool) -> LocalReply {
    let details = format!("stepgate:{code}");
    if grpc {
        // Envoy makes a trailers-only response of it, and `grpc-message` of the body.
        return LocalReply {
            status: 403,
            details,
            headers: Vec::new(),
            body: code.to_string(),
            grpc_status: Some(PERMISSION_DENIED),
        };
    }
    LocalReply {
        status: 403,
        details,
        headers: vec![("content-type", "application/problem+json"), ("cache-control", "no-store")],
        // A code is `[A-Z_]`: nothing to escape.
        body: format!(
            r#"{{"type":"urn:stepgate:denial:{code}","title":"the workflow does not permit this request","status":403,"code":"{code}"}}"#
        ),
        grpc_status: None,
    }
}

/// Whether a request is gRPC, by the rule by which Envoy chooses the form of its own responses.
pub(crate) fn is_grpc(headers: &[Header]) -> bool {
    single(headers, "content-type")
        .and_then(|value| value.strip_prefix(b"application/grpc"))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"+"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_makes_a_problem() {
        for code in Code::ALL {
            let reply = denied(*code, false);
            let problem: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
            assert_eq!((reply.status, &problem["status"]), (403, &403.into()));
            assert_eq!(problem["code"], code.as_str());
            assert!(code.as_str().bytes().all(|b| b.is_ascii_uppercase() || b == b'_'));
            assert_eq!(denied(*code, true).body, code.as_str());
        }
    }

    #[test]
    fn grpc_is_by_the_rule_of_envoy() {
        for (value, grpc) in [
            (&b"application/grpc"[..], true),
            (b"application/grpc+proto", true),
            (b"application/grpc-web", false),
            (b"application/json", false),
            (&[0xff; 1 << 20], false),
        ] {
            assert_eq!(is_grpc(&[("content-type".into(), value.into())]), grpc, "{:?}", value.get(..30));
        }
        assert!(!is_grpc(&[]));
    }
}
