//! What a refused caller is told: the code, and nothing else.

use stepgate_decision::Code;
use stepgate_decision::Header;

use crate::headers::single;
use crate::host::LocalResponse;

/// `PERMISSION_DENIED` (gRPC status codes).
const PERMISSION_DENIED: u8 = 7;

/// The refusal of a request: `application/problem+json` (RFC 9457) with status 403, or for gRPC the
/// status 7 with the code as its message.
pub(crate) fn response(code: Code, grpc: bool) -> LocalResponse {
    let details = format!("stepgate:{code}");
    if grpc {
        // Envoy makes a trailers-only response of it, and `grpc-message` of the body.
        return LocalResponse {
            status: 403,
            details,
            headers: Vec::new(),
            body: code.to_string(),
            grpc_status: Some(PERMISSION_DENIED),
        };
    }
    LocalResponse {
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

/// Whether a request is gRPC, by the same rule by which Envoy chooses the form of its answer.
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
            let response = response(*code, false);
            let problem: serde_json::Value = serde_json::from_str(&response.body).unwrap();
            assert_eq!((response.status, &problem["status"]), (403, &403.into()));
            assert_eq!(problem["code"], code.as_str());
            assert!(code.as_str().bytes().all(|b| b.is_ascii_uppercase() || b == b'_'));
            assert_eq!(super::response(*code, true).body, code.as_str());
        }
    }

    #[test]
    fn grpc_is_what_envoy_takes_for_it() {
        for (value, grpc) in [
            ("application/grpc", true),
            ("application/grpc+proto", true),
            ("application/grpc-web", false),
            ("application/json", false),
        ] {
            assert_eq!(is_grpc(&[("content-type".into(), value.into())]), grpc, "{value}");
        }
        assert!(!is_grpc(&[]));
    }
}
