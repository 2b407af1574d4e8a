//! gRPC streams: one decision when they begin, a receipt when they end well.

use bytes::Bytes;
use h2::{RecvStream, SendStream};
use http::{HeaderMap, Request, Response};

use crate::mesh::{PLAIN, Wire};

/// An uncompressed message of five bytes.
const MESSAGE: &[u8] = b"\0\0\0\0\x05hello";

async fn call(wire: &Wire, path: &str, more: &[(&str, &str)]) -> (h2::client::ResponseFuture, SendStream<Bytes>) {
    let mut request =
        Request::post(format!("http://x{path}")).header("content-type", "application/grpc").header("te", "trailers");
    for (name, value) in more {
        request = request.header(*name, *value);
    }
    let mut sender = wire.http2(PLAIN).await.ready().await.unwrap();
    sender.send_request(request.body(()).unwrap(), false).unwrap()
}

/// Sends a message and waits for it to come back.
async fn echo(out: &mut SendStream<Bytes>, back: &mut RecvStream) {
    out.send_data(Bytes::from_static(MESSAGE), false).unwrap();
    let mut got = Vec::new();
    while got.len() < MESSAGE.len() {
        let data = back.data().await.expect("the stream ended").unwrap();
        back.flow_control().release_capacity(data.len()).unwrap();
        got.extend(data);
    }
    assert_eq!(got, MESSAGE);
}

async fn end(mut out: SendStream<Bytes>, mut back: RecvStream) -> HeaderMap {
    out.send_data(Bytes::new(), true).unwrap();
    while let Some(data) = back.data().await {
        assert!(data.unwrap().is_empty());
    }
    back.trailers().await.unwrap().unwrap_or_default()
}

/// Messages in both directions, one after the other: the response begins long before the request ends.
pub(crate) fn both_directions(wire: &Wire) {
    let trailers = wire.block(async {
        let (answer, mut out) = call(wire, "/film.Vfx/Both", &[("x-lab-stream", "echo")]).await;
        let (head, mut back) = answer.await.unwrap().into_parts();
        assert!(head.headers.contains_key("x-workflow-step-start"), "{head:?}");
        assert!(!head.headers.contains_key("x-workflow-step"), "a receipt before the work is done");
        for _ in 0..100 {
            echo(&mut out, &mut back).await;
        }
        end(out, back).await
    });
    assert_eq!(trailers["grpc-status"], "0");
    assert!(trailers["x-workflow-step"].as_bytes().starts_with(b"eyJ"));
    assert_eq!((wire.permits("/film.Vfx/Both"), wire.seen(PLAIN, "/film.Vfx/Both").len()), (1, 1));
}

pub(crate) fn failed(wire: &Wire) {
    let trailers = wire.block(async {
        let more =
            [("x-lab-stream", "echo"), ("x-lab-grpc-status", "9"), ("x-lab-response-trailer", "x-workflow-step: own")];
        let (answer, mut out) = call(wire, "/film.Vfx/Failed", &more).await;
        let mut back = answer.await.unwrap().into_body();
        echo(&mut out, &mut back).await;
        end(out, back).await
    });
    assert_eq!(trailers["grpc-status"], "9");
    assert!(!trailers.contains_key("x-workflow-step"), "{trailers:?}");
}

/// The answer is a status of gRPC without a message, and comes before any message was sent.
pub(crate) fn refused(wire: &Wire) {
    for (path, step, code) in
        [("/film.Other/Call", None, "WRONG_REQUEST"), ("/film.Vfx/Refused", Some("a"), "BAD_STEP")]
    {
        let answer: Response<RecvStream> = wire.block(async {
            let step: Vec<(&str, &str)> = step.map(|step| ("x-workflow-step", step)).into_iter().collect();
            let (answer, out) = call(wire, path, &step).await;
            let answer = answer.await.unwrap();
            drop(out);
            answer
        });
        assert!(answer.body().is_end_stream(), "more than trailers");
        assert_eq!(answer.status(), 200);
        assert_eq!(
            (&answer.headers()["grpc-status"], &answer.headers()["grpc-message"]),
            (&"7".parse().unwrap(), &code.parse().unwrap())
        );
        assert!(!answer.headers().contains_key("x-workflow-step-start"));
        assert!(wire.seen(PLAIN, path).is_empty());
    }
}
