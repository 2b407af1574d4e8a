//! HTTP/2 on one connection.

use std::time::Duration;

use bytes::Bytes;
use stepgate_tests::outcome::claims;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::frames::{Lines, PREFACE, SETTINGS, frame, message};
use crate::mesh::{PLAIN, Wire};

/// Streams that are open at once on one connection.
const STREAMS: usize = 48;

/// Each stream is decided by its own step, whatever the other streams are.
pub(crate) fn many_streams(wire: &Wire) {
    let mut answers = Vec::new();
    wire.block(async {
        let mut starts = Vec::new();
        for n in 0..STREAMS / 3 {
            starts.push(wire.begin(PLAIN, &format!("/shots/m{n}")).await);
        }
        let mut sender = wire.http2(PLAIN).await;
        let mut open = Vec::new();
        for n in 0..STREAMS {
            let start = &starts[n / 3];
            let step = match n % 3 {
                0 => start.clone(),
                1 => format!("{start}A"),
                _ => "forged".to_owned(),
            };
            let request = http::Request::post(format!("http://x/extra/m{n}")).header("x-workflow-step", step);
            sender = sender.ready().await.unwrap();
            open.push(sender.send_request(request.body(()).unwrap(), false).unwrap());
        }
        // The bodies come in another order than the heads.
        for (_, body) in open.iter_mut().rev() {
            // A stream that was rejected may be closed already.
            let _ = body.send_data(Bytes::from_static(b"hello"), true);
        }
        for (answer, _) in open {
            answers.push(answer.await.unwrap().status().as_u16());
        }
        for (n, start) in starts.iter().enumerate() {
            let seen = wire.seen(PLAIN, &format!("/extra/m{}", n * 3));
            let step = seen[0].header("x-workflow-step").next().unwrap().to_owned();
            assert_eq!(claims(&step).unwrap()["txn"], claims(start).unwrap()["txn"]);
        }
    });
    for (n, status) in answers.iter().enumerate() {
        let wanted = if n % 3 == 0 { 200 } else { 403 };
        assert_eq!(
            (*status, wire.seen(PLAIN, &format!("/extra/m{n}")).len()),
            (wanted, usize::from(wanted == 200)),
            "{n}"
        );
    }
}

/// How long the test waits for a frame that may not come.
const WAIT: Duration = Duration::from_secs(5);

/// How a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Answered,
    Reset,
    Closed,
}

/// Sends one header block unchanged, and waits for the stream's end.
pub(crate) async fn send(wire: &Wire, site: &str, headers: Lines<'_>) -> Ended {
    send_with_trailers(wire, site, headers, &[]).await
}

/// The same with trailers, if there are any.
pub(crate) async fn send_with_trailers(wire: &Wire, site: &str, headers: Lines<'_>, trailers: Lines<'_>) -> Ended {
    let mut bytes = PREFACE.to_vec();
    frame(&mut bytes, SETTINGS, 0, 0, &[]);
    message(&mut bytes, headers, trailers);
    let mut stream = wire.tls(site).await;
    stream.write_all(&bytes).await.unwrap();
    stream.flush().await.unwrap();
    tokio::time::timeout(WAIT, ended(&mut stream)).await.expect("a stream without an end")
}

async fn ended(stream: &mut (impl AsyncReadExt + Unpin)) -> Ended {
    loop {
        let mut head = [0; 9];
        if stream.read_exact(&mut head).await.is_err() {
            return Ended::Closed;
        }
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        let mut payload = vec![0; length];
        if stream.read_exact(&mut payload).await.is_err() {
            return Ended::Closed;
        }
        match (head[3], head[4] & 1, head[8]) {
            (3, _, 1) => return Ended::Reset,
            (7, ..) => return Ended::Closed,
            (0 | 1, 1, 1) => return Ended::Answered,
            _ => {}
        }
    }
}

/// Heads that no library would send. The first is correct, so that the others fail for their own reason.
pub(crate) fn odd_headers(wire: &Wire) {
    let odd: [(Lines<'static>, bool); 14] = [
        (&[], true),
        (&[(b":path", b"/shots/odd2")], false),
        (&[(b":method", b"GET")], false),
        (&[(b"X-Workflow-Step", b"a")], false),
        (&[(b"x-workflow-step", b"a\r\nb: c")], false),
        (&[(b"x-workflow-step", b"a\0")], false),
        (&[(b"x-a\r\nx-workflow-step", b"a")], false),
        (&[(b"connection", b"x-workflow-step")], false),
        (&[(b"transfer-encoding", b"chunked")], false),
        (&[(b"content-length", b"5")], false),
        (&[(b"host", b"other")], true),
        (&[(b":unknown", b"a")], false),
        (&[(b":protocol", b"websocket")], false),
        (&[(b"upgrade", b"websocket"), (b"connection", b"upgrade")], false),
    ];
    for (n, (more, permitted)) in odd.into_iter().enumerate() {
        let path = format!("/shots/odd-{n}");
        let mut headers: Vec<(&[u8], &[u8])> =
            vec![(b":method", b"POST"), (b":scheme", b"https"), (b":authority", b"x"), (b":path", path.as_bytes())];
        // The odd field comes last, except for pseudo-headers, which come before all others anyway.
        headers.extend(more.iter().copied());
        let ended = wire.block(send(wire, PLAIN, &headers));
        let seen = wire.seen(PLAIN, &path).len() + wire.seen(PLAIN, "/shots/odd2").len();
        assert_eq!(seen, usize::from(permitted), "{more:?}: {ended:?}");
    }
}
