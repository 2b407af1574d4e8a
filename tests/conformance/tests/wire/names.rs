//! Names of headers that are not UTF-8. The SDK reads names as text, and panics on others: so Envoy must reject
//! them all, from a caller or from an application, in headers or in trailers, over HTTP/1 or HTTP/2.

use crate::frames::Lines;
use crate::gone::still_serves;
use crate::http2::{Ended, send, send_with_trailers};
use crate::mesh::{PLAIN, RAW, Wire, code};
use crate::upstream::Reply;

/// An invalid first byte, a continuation byte, a truncated character, a surrogate, an overlong form; each
/// alone, after text and before text.
const NAMES: [&[u8]; 8] =
    [b"\xff", b"x-\xff", b"\xffx", b"x-\x80-y", b"x-\xc3", b"x-\xe2\x82", b"x-\xed\xa0\x80", b"x-\xc0\xaf"];
/// A valid name, so that the others fail for their own reason.
const GOOD: &[u8] = b"x-good";

/// The gate of each worker is unchanged: it has not panicked, and it decides.
fn unharmed(wire: &Wire, after: &str) {
    let log = wire.log();
    let panic = log.lines().find(|line| line.contains("panicked") || line.contains("wasm failed"));
    assert!(panic.is_none(), "{after}: {panic:?}");
    still_serves(wire, after);
}

pub(crate) fn requests(wire: &Wire) {
    for (name, good) in NAMES.into_iter().map(|name| (name, false)).chain([(GOOD, true)]) {
        let shown = name.escape_ascii().to_string();
        let headers = [b"POST /shots/n1 HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n", name, b": v\r\n\r\n"];
        let start = &b"POST /shots/n2 HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n"[..];
        let trailers = [start, name, b": v\r\n\r\n"];
        for (part, bytes) in [("headers", headers.concat()), ("trailers", trailers.concat())] {
            let response = wire.block(async { wire.raw(PLAIN).await.exchange(&bytes).await });
            let answer = response.map_or_else(|error| error.to_string(), |response| code(&response));
            assert_eq!(answer == "status 200", good, "HTTP/1 {part}: {shown}: {answer}");
        }
        fn head(path: &'static [u8]) -> [(&'static [u8], &'static [u8]); 4] {
            [(b":method", b"POST"), (b":scheme", b"https"), (b":authority", b"x"), (b":path", path)]
        }
        let headers = [&head(b"/shots/n3")[..], &[(name, b"v")]].concat();
        let ended = wire.block(send(wire, PLAIN, &headers));
        assert_eq!(ended == Ended::Answered, good, "HTTP/2 headers: {shown}: {ended:?}");
        let trailers: Lines<'_> = &[(name, b"v")];
        let ended = wire.block(send_with_trailers(wire, PLAIN, &head(b"/shots/n4"), trailers));
        assert_eq!(ended == Ended::Answered, good, "HTTP/2 trailers: {shown}: {ended:?}");
        // No application sees a request with such a name in its headers.
        let seen = ["/shots/n1", "/shots/n3"].map(|path| wire.seen(PLAIN, path).len());
        assert_eq!(seen, [usize::from(good); 2], "{shown}");
    }
    unharmed(wire, "names-in-requests");
}

pub(crate) fn responses(wire: &Wire) {
    let line = |name: &[u8]| vec![(name.to_vec(), b"v".to_vec())];
    for (name, good) in NAMES.into_iter().map(|name| (name, false)).chain([(GOOD, true)]) {
        let shown = name.escape_ascii().to_string();
        for (part, reply) in [
            ("headers", Reply { headers: line(name), trailers: Vec::new() }),
            ("trailers", Reply { headers: Vec::new(), trailers: line(name) }),
        ] {
            wire.upstream.answers(reply);
            let head = b"POST /shots/r1 HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n";
            let response = wire.block(async { wire.raw(RAW).await.exchange(head).await });
            let answer = response.map_or_else(|error| error.to_string(), |response| code(&response));
            assert_eq!(answer == "status 200", good, "HTTP/1 {part}: {shown}: {answer}");
            let status = wire.block(async {
                let request = http::Request::post("https://x/shots/r2").body(()).unwrap();
                let mut sender = wire.http2(RAW).await.ready().await.unwrap();
                let (answer, _) = sender.send_request(request, true).unwrap();
                let (head, mut body) = answer.await.ok()?.into_parts();
                while let Some(data) = body.data().await {
                    data.ok()?;
                }
                body.trailers().await.ok()?;
                Some(head.status.as_u16())
            });
            assert_eq!(status == Some(200), good, "HTTP/2 {part}: {shown}: {status:?}");
        }
    }
    unharmed(wire, "names-in-responses");
}
