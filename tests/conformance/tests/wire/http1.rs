//! HTTP/1 on one connection.

use stepgate_tests::raw::Raw;

use crate::mesh::{ASKS, PLAIN, TRUSTS, Wire, code};

fn post(path: &str, more: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: x\r\n{more}\r\n")
}

/// Pipelined requests, and requests behind a rejected one.
pub(crate) fn pipelined(wire: &Wire) {
    let at_once = [
        ("/shots/p1", "content-length: 2\r\n", "hi", "status 200"),
        ("/shots/p2", "transfer-encoding: chunked\r\n", "2\r\nhi\r\n0\r\n\r\n", "status 200"),
        ("/shots/p3", "content-length: 0\r\n", "", "status 200"),
        ("/shots/p4", "x-workflow-step: forged\r\ncontent-length: 0\r\n", "", "BAD_STEP"),
    ];
    let one_by_one = [("/other/p5", "WRONG_REQUEST"), ("/shots/p6", "status 200"), ("/shots/", "WRONG_REQUEST")];
    let all: String = at_once.iter().map(|(path, more, body, _)| post(path, more) + body).collect();
    wire.block(async {
        let mut raw = wire.raw(PLAIN).await;
        raw.send(all.as_bytes()).await.unwrap();
        for (path, .., wanted) in at_once {
            let response = raw.response("POST").await.unwrap_or_else(|error| panic!("{path}: {error}"));
            assert_eq!(code(&response), wanted, "{path}");
        }
        for (path, wanted) in one_by_one {
            raw.send(post(path, "content-length: 0\r\n").as_bytes()).await.unwrap();
            let response = raw.response("POST").await.unwrap_or_else(|error| panic!("{path}: {error}"));
            assert_eq!(code(&response), wanted, "{path}");
        }
    });
    let at_once = at_once.iter().map(|(path, .., wanted)| (path, wanted));
    for (path, wanted) in at_once.chain(one_by_one.iter().map(|(path, wanted)| (path, wanted))) {
        assert_eq!(wire.seen(PLAIN, path).len(), usize::from(*wanted == "status 200"), "{path}");
    }
}

/// Envoy closes the connection if more data follows a rejected request: the data is lost, not let in.
pub(crate) fn pipelined_behind_a_refusal(wire: &Wire) {
    for (more, body) in [("content-length: 0\r\n", ""), ("content-length: 2\r\n", "hi")] {
        let all = post("/other/b1", more) + body + &post("/other/b2", "content-length: 0\r\n");
        wire.block(async {
            let mut raw = wire.raw(PLAIN).await;
            raw.send(all.as_bytes()).await.unwrap();
            assert_eq!(code(&raw.response("POST").await.unwrap()), "WRONG_REQUEST");
            if let Ok(response) = raw.response("POST").await {
                assert_eq!(code(&response), "WRONG_REQUEST");
            }
        });
        assert!(wire.seen(PLAIN, "/other/b2").is_empty());
    }
}

/// The denial comes before any byte of the body was sent. Envoy itself sends `100 Continue` first, unless it asks.
pub(crate) fn expects_and_is_refused(wire: &Wire) {
    for (site, wanted) in [(PLAIN, [100, 403]), (ASKS, [403, 403])] {
        wire.block(async {
            let mut raw = wire.raw(site).await;
            let head = post("/other/e1", "expect: 100-continue\r\ncontent-length: 1000000\r\n");
            raw.send(head.as_bytes()).await.unwrap();
            let first = raw.response("POST").await.unwrap();
            assert_eq!(first.status, wanted[0], "{site}");
            let last = if first.status == 100 { raw.response("POST").await.unwrap() } else { first };
            assert_eq!(code(&last), "WRONG_REQUEST");
        });
        assert!(wire.seen(site, "/other/e1").is_empty());
    }
}

pub(crate) fn expects_and_goes_on(wire: &Wire) {
    for site in [PLAIN, ASKS] {
        wire.block(async {
            let mut raw = wire.raw(site).await;
            raw.send(post("/shots/e2", "expect: 100-continue\r\ncontent-length: 5\r\n").as_bytes()).await.unwrap();
            assert_eq!(raw.response("POST").await.unwrap().status, 100, "{site}");
            raw.send(b"hello").await.unwrap();
            assert_eq!(raw.response("POST").await.unwrap().status, 200, "{site}");
        });
        assert_eq!(wire.seen(site, "/shots/e2")[0].body_bytes, 5);
    }
}

/// Envoy reads 60 KiB and 100 lines by default.
pub(crate) fn limits(wire: &Wire) {
    let many = |lines: usize, bytes: usize| -> String {
        (0..lines).map(|n| format!("x-{n}: {}\r\n", "p".repeat(bytes))).collect()
    };
    let end = "content-length: 0\r\n";
    for (more, wanted) in [
        (many(1, 58 * 1024) + end, "status 200"),
        (many(80, 700) + end, "status 200"),
        (many(1, 61 * 1024) + end, "status 431"),
        (many(120, 1) + end, "status 431"),
        (format!("x-workflow-step: {}\r\n{end}", "a".repeat(58 * 1024)), "BAD_STEP"),
        (format!("x-workflow-step: {}\r\n{end}", "a,".repeat(29 * 1024)), "BAD_STEP"),
        ("x-workflow-step: a.b.c\r\n".repeat(90) + end, "BAD_STEP"),
        (format!("baggage: {}\r\n{end}", "step=a,".repeat(8 * 1024)), "status 200"),
    ] {
        let head = post("/shots/l1", &more);
        let response = wire.block(async { wire.raw(PLAIN).await.exchange(head.as_bytes()).await.unwrap() });
        assert_eq!(code(&response), wanted, "{} bytes", more.len());
    }
    // The members of another carrier are removed, however many they are.
    assert!(
        wire.seen(PLAIN, "/shots/l1").iter().all(|seen| !seen.header("baggage").any(|line| line.contains("step=")))
    );
}

/// Envoy is not configured to accept HTTP/1.0.
pub(crate) fn old(wire: &Wire) {
    let response =
        wire.block(async { wire.raw(PLAIN).await.exchange(b"POST /shots/o1 HTTP/1.0\r\n\r\n").await.unwrap() });
    assert_eq!(response.status, 426);
    assert!(wire.seen(PLAIN, "/shots/o1").is_empty());
}

async fn through(raw: &mut Raw, text: &str) {
    raw.send(text.as_bytes()).await.unwrap();
    let mut back = Vec::new();
    while back.len() < text.len() {
        let bytes = raw.bytes().await.unwrap();
        assert!(!bytes.is_empty(), "the tunnel ended");
        back.extend(bytes);
    }
    assert_eq!(back, text.as_bytes());
}

/// A tunnel that is let in carries bytes both ways, whatever their content.
pub(crate) fn tunnel(wire: &Wire) {
    for (path, protocol) in [("/socket/t1", "websocket"), ("/link/t1", "other")] {
        wire.block(async {
            let mut raw = wire.raw(PLAIN).await;
            let head = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: {protocol}\r\n\r\n");
            let response = raw.exchange(head.as_bytes()).await.unwrap();
            assert_eq!(response.status, 101);
            assert!(response.header("x-workflow-step-start").is_some() && response.header("x-workflow-step").is_none());
            for _ in 0..10 {
                through(&mut raw, "POST /other/t2 HTTP/1.1\r\nhost: x\r\n\r\n").await;
            }
        });
        assert_eq!((wire.permits(path), wire.seen(PLAIN, "/other/t2").len()), (1, 0));
    }
}

/// One permit is one request to the application, even if Envoy treats the caller as internal and follows the caller's
/// headers for its router.
pub(crate) fn again(wire: &Wire) {
    let from = "x-forwarded-for: 10.0.0.1\r\n";
    let retried = "x-envoy-retry-on: 5xx,retriable-status-codes\r\nx-envoy-retriable-status-codes: 200,503\r\n";
    for (path, status) in [("/shots/again-1", "200"), ("/shots/again-2", "503")] {
        let more = format!("{from}{retried}x-envoy-max-retries: 3\r\nx-lab-status: {status}\r\ncontent-length: 0\r\n");
        let head = post(path, &more);
        let response = wire.block(async { wire.raw(TRUSTS).await.exchange(head.as_bytes()).await.unwrap() });
        assert_eq!(response.status.to_string(), status);
        assert_eq!((wire.permits(path), wire.seen(TRUSTS, path).len()), (1, 1), "{path}");
    }
}
