//! Callers that go away.

use bytes::Bytes;

use crate::mesh::{PLAIN, Wire, code};

/// Each worker still serves: more connections than there are workers, all of them answered.
pub(crate) fn still_serves(wire: &Wire, name: &str) {
    for n in 0..8 {
        let head = format!("POST /shots/{name}-{n} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n");
        let response = wire.block(async { wire.raw(PLAIN).await.exchange(head.as_bytes()).await.unwrap() });
        assert_eq!(code(&response), "status 200");
    }
}

pub(crate) fn within_the_request(wire: &Wire) {
    wire.block(async {
        for bytes in [
            "POST /shots/gone",
            "POST /shots/gone HTTP/1.1\r\nhost: x\r\nx-workflow-st",
            "POST /shots/gone HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n0123",
            "POST /shots/gone HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nff\r\n0123",
            "POST /other/gone HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n0123",
        ] {
            for _ in 0..8 {
                wire.raw(PLAIN).await.send(bytes.as_bytes()).await.unwrap();
            }
        }
    });
    still_serves(wire, "after-request");
    assert!(wire.seen(PLAIN, "/other/gone").is_empty());
}

/// The caller left within its body; the gate had let it in, and does not let the same step in a second time.
pub(crate) fn taken(wire: &Wire) {
    let path = "/extra/taken";
    let start = wire.block(async {
        let start = wire.begin(PLAIN, "/shots/taken").await;
        let head =
            format!("POST {path} HTTP/1.1\r\nhost: x\r\nx-workflow-step: {start}\r\ncontent-length: 10\r\n\r\n0123");
        let mut raw = wire.raw(PLAIN).await;
        raw.send(head.as_bytes()).await.unwrap();
        start
    });
    wire.until("the gate lets it in", || wire.permits(path) == 1);
    let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\nx-workflow-step: {start}\r\ncontent-length: 0\r\n\r\n");
    let response = wire.block(async { wire.raw(PLAIN).await.exchange(head.as_bytes()).await.unwrap() });
    assert_eq!(code(&response), "ALREADY_TAKEN");
    assert_eq!(wire.permits(path), 1);
}

/// By a closed connection, and by a stream that is reset while its neighbour goes on.
pub(crate) fn within_the_response(wire: &Wire) {
    wire.block(async {
        for _ in 0..8 {
            let head = "POST /shots/gone-late HTTP/1.1\r\nhost: x\r\nx-lab-stream: echo\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n";
            let mut raw = wire.raw(PLAIN).await;
            raw.send(head.as_bytes()).await.unwrap();
            assert!(!raw.bytes().await.unwrap().is_empty());
        }
        let mut sender = wire.http2(PLAIN).await;
        let mut streams = Vec::new();
        for _ in 0..8 {
            let request = http::Request::post("http://x/shots/gone-h2").header("x-lab-stream", "echo").body(()).unwrap();
            sender = sender.ready().await.unwrap();
            let (answer, mut out) = sender.send_request(request, false).unwrap();
            out.send_data(Bytes::from_static(b"hi"), false).unwrap();
            streams.push((answer.await.unwrap(), out));
        }
        for (answer, mut out) in streams.drain(1..) {
            out.send_reset(h2::Reason::CANCEL);
            drop(answer);
        }
        let (answer, mut out) = streams.remove(0);
        let mut back = answer.into_body();
        assert_eq!(back.data().await.unwrap().unwrap(), "hi");
        out.send_data(Bytes::from_static(b"there"), true).unwrap();
        assert_eq!(back.data().await.unwrap().unwrap(), "there");
    });
    still_serves(wire, "after-response");
}
