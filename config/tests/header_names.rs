//! The headers that steps cannot be in, that requests cannot be told apart by, and that guards cannot read, since the caller's
//! line does not reach both the gate and the application.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use stepgate_config::{Code, read_gate};

/// Headers that proxies or gates write, change or remove (RFC 9110, section 7.6.1, and Envoy's page on headers).
const CHANGED: [&str; 17] = [
    "baggage",
    "connection",
    "expect",
    "forwarded",
    "grpc-timeout",
    "keep-alive",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-b3-traceid",
    "x-envoy-attempt-count",
    "x-forwarded-client-cert",
    "x-request-id",
];
/// Headers that a gate writes or removes.
const OF_GATES: [&str; 2] = ["x-workflow-step-start", "x-stepgate-permit"];
/// Headers that make applications run another route.
const OBEYED: [&str; 8] = [
    "script-name",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
    "x-script-name",
    "x-original-host",
];

fn codes(header: &str, request_header: Option<&str>, guard: &str) -> Vec<Code> {
    let headers =
        request_header.map(|name| serde_json::json!({name: "x"})).unwrap_or_else(|| serde_json::json!({"x-o": "x"}));
    let gate = serde_json::json!({"header": header, "workflows": [{
        "workflow": "w", "revision": 1, "trust_domain": "t", "assurance": "identity",
        "actors": {"a": {"spiffe": ["x/a"]}, "b": {"spiffe": ["x/b"]}},
        "tasks": {"s": {"actor": "a", "initial": true}, "t": {"actor": "b", "requests": [{"path": "/t", "headers": headers}]}},
        "transitions": [{"from": "s", "to": "t", "when": guard}],
    }]});
    let found = read_gate(gate.to_string().as_bytes()).diagnostics;
    found.iter().filter(|found| found.is_error()).map(|found| found.code).collect()
}

/// A guard that reads a header for its value, and one for its presence.
fn guards(name: &str) -> [String; 2] {
    [format!("request.headers[\"{name}\"] == \"x\""), format!("!(\"{name}\" in request.headers)")]
}

#[test]
fn a_header_that_does_not_reach_both_unchanged_has_no_use() {
    for name in CHANGED.into_iter().chain(OF_GATES).chain(OBEYED) {
        assert_eq!(codes(name, None, "true"), [Code::BadHeader], "header: {name}");
        assert_eq!(codes("x-step", Some(name), "true"), [Code::BadHeader], "headers: {name}");
        for guard in guards(name).into_iter().chain(guards(&name.replace('-', "_"))) {
            assert_eq!(codes("x-step", None, &guard), [Code::GuardName], "{guard}");
        }
    }
}

/// Guards may read more: their authors decide about a value, and do not name it in a document.
#[test]
fn other_headers_can_be_read_by_guards() {
    for name in [
        "authorization",
        "cookie",
        "content-length",
        "content-type",
        "origin",
        "sec-fetch-site",
        "user-agent",
        "x-tier",
        "x_tier",
    ] {
        for guard in guards(name) {
            assert_eq!(codes("x-workflow-step", None, &guard), [], "{guard}");
        }
    }
    for name in ["accept", "content-type", "origin", "x-tool"] {
        assert_eq!(codes("x-step", Some(name), "true"), [], "headers: {name}");
    }
}

#[test]
fn a_guard_does_not_read_the_header_of_steps_of_its_gate() {
    for name in ["x-flow", "x-flow-start", "x_flow", "x.flow-start"] {
        for guard in guards(name) {
            assert_eq!(codes("x-flow", None, &guard), [Code::BadHeader], "{guard}");
            assert_eq!(codes("x-other", None, &guard), [], "{guard}");
        }
    }
    assert_eq!(codes("x-flow", None, &guards("x-flows")[0]), []);
}
