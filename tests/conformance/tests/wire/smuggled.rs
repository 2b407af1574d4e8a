//! Requests within requests: two readers that disagree where one ends (RFC 9112, section 11.2).

use std::time::Duration;

use stepgate_tests::raw::Raw;
use tokio::task::JoinSet;

use crate::mesh::{PLAIN, Wire};

/// A request that no gate lets through: if an application sees it, it bypassed the gate.
const INNER: &str = "POST /smuggled HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n";
/// How long the test waits for answers: some of these requests get none.
const WAIT: Duration = Duration::from_secs(2);

/// Framing lines of an outer request that would be let through. Some readers take `INNER` for its body.
const FRAMINGS: [&str; 18] = [
    "content-length: 4\r\ntransfer-encoding: chunked",
    "transfer-encoding: chunked\r\ncontent-length: 4",
    "transfer-encoding: chunked, identity",
    "transfer-encoding: identity, chunked",
    "transfer-encoding: xchunked",
    "transfer-encoding : chunked",
    "transfer-encoding:\x0bchunked",
    "transfer-encoding:\r\n chunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
    "content-length: 0\r\ncontent-length: 44",
    "content-length: +0",
    "content-length: -1",
    "content-length: 0x2c",
    "content-length: 0, 44",
    "content-length: 99999999999999999999999",
    "content_length: 44\r\ntransfer_encoding: chunked",
    "x: y\ntransfer-encoding: chunked",
    "x: y\rtransfer-encoding: chunked",
];

const BODIES: [&str; 5] =
    ["0\r\n\r\n", "", "5;x=\r\n\r\nhello\r\n0\r\n\r\n", "0\nx: y\n\n", "ffffffffffffffff1\r\n\r\n"];

pub(crate) fn requests(wire: &Wire) {
    let outer =
        |framing: &str, body: &str| format!("POST /shots/outer HTTP/1.1\r\nhost: x\r\n{framing}\r\n\r\n{body}{INNER}");
    let framed = FRAMINGS.iter().flat_map(|framing| BODIES.iter().map(move |body| outer(framing, body)));
    let others = [
        format!("GET /healthz HTTP/1.1\nhost: x\n\n{INNER}"),
        format!("GET /healthz HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{INNER}"),
        format!("GET /healthz HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{INNER}", INNER.len()),
        format!("GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n{INNER}"),
        format!(
            "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{INNER}"
        ),
        // An application that refuses the upgrade reads on as before.
        format!(
            "GET /socket/s1 HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nx-lab-status: 200\r\n\r\n{INNER}"
        ),
        format!(
            "GET /link/s1 HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: other\r\nx-lab-status: 200\r\n\r\n{INNER}"
        ),
        format!("CONNECT x:80 HTTP/1.1\r\nhost: x:80\r\n\r\n{INNER}"),
        format!("GET /healthz HTTP/1.1\r\nhost: x\r\nx: \r\n\r\n{INNER}"),
        format!("\r\n\r\n\r\n{INNER}"),
    ];
    let all: Vec<String> = framed.chain(others).collect();
    let answered = wire.block(async {
        let mut attempts = JoinSet::new();
        for bytes in &all {
            let mut raw = wire.raw(PLAIN).await;
            raw.send(bytes.as_bytes()).await.unwrap();
            attempts.spawn(async move { answers(&mut raw).await });
        }
        attempts.join_all().await.into_iter().filter(|answers| *answers > 0).count()
    });
    assert!(wire.seen(PLAIN, "/smuggled").is_empty());
    assert!(answered * 2 > all.len(), "{answered} of {} attempts were answered: they show nothing", all.len());
}

/// At most both requests are answered; a denial ends the connection, and some bodies never end.
async fn answers(raw: &mut Raw) -> usize {
    for answered in 0..2 {
        match tokio::time::timeout(WAIT, raw.response("POST")).await {
            Ok(Ok(_)) => {}
            Ok(Err(_)) | Err(_) => return answered,
        }
    }
    2
}
