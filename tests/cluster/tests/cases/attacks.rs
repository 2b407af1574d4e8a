//! Attacks by actors of the workflow, each with a sidecar and a certificate of its own.

use stepgate_cluster_tests::{Request, Response, Result, Version};

use crate::fixture::Fixture;
use crate::requests::{INTERLOCK_HEADER, STEP, code, post, step};

/// The gate denies the request with this code, and the application does not see it.
fn denied(fixture: &Fixture, from: &str, to: &str, request: &Request, expected: &str) -> Result<()> {
    let before = fixture.pod(to).count();
    let answer = fixture.call(from, to, request)?;
    let got = (answer.status, code(&answer));
    assert_eq!(got, (403, Some(expected.to_owned())), "{from} to {to}{}", request.path);
    assert_eq!(fixture.pod(to).count(), before, "{from} reached {to}");
    Ok(())
}

pub(crate) fn out_of_turn(fixture: &mut Fixture) -> Result<()> {
    let begin = |n: &str| fixture.call("owner", "vfx-1", &post(&format!("/shots/{n}")));
    let shots = step(&begin("turn")?)?;
    let with = |path: &str, step: &str| post(path).header(STEP, step);
    denied(fixture, "vfx-1", "vfx-2", &post("/plates/2"), "NO_STEP")?;
    denied(fixture, "owner", "vfx-2", &post("/plates/2"), "NOT_INITIAL")?;
    // A skipped task: colour without plates.
    denied(fixture, "vfx-1", "color", &with("/color/2", &shots), "NO_TRANSITION")?;
    // A stolen step: vfx-2 uses that of vfx-1.
    denied(fixture, "vfx-2", "vfx-3", &with("/models/2", &shots), "WRONG_HOLDER")?;
    denied(fixture, "vfx-1", "vfx-2", &with("/elsewhere/2", &shots), "WRONG_REQUEST")?;
    let mut forged = shots.clone();
    forged.truncate(forged.rfind('.').unwrap());
    let forged = format!("{forged}.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    denied(fixture, "vfx-1", "vfx-2", &with("/plates/2", &forged), "BAD_SIGNATURE")?;
    // The same step twice at one gate.
    step(&fixture.call("vfx-1", "vfx-2", &with("/plates/2", &shots))?)?;
    denied(fixture, "vfx-1", "vfx-2", &with("/plates/2", &shots), "ALREADY_TAKEN")
}

pub(crate) fn forged_headers(fixture: &mut Fixture) -> Result<()> {
    let owner = "By=spiffe://cluster.local/ns/movie/sa/vfx-1;URI=spiffe://cluster.local/ns/movie/sa/owner";
    let forged = post("/shots/3").header("x-forwarded-client-cert", owner);
    let plain = fixture.call("vfx-3", "vfx-1", &post("/shots/3"))?;
    let code = code(&plain).expect("a denial");
    denied(fixture, "vfx-3", "vfx-1", &forged, &code)?;
    let interlock = fixture.interlock("vfx-1")?;
    denied(fixture, "vfx-3", "vfx-1", &post("/shots/3").header(INTERLOCK_HEADER, interlock.as_str()), &code)?;
    // A permitted request has the gate's own value and no other.
    let sent = post("/shots/3").header(INTERLOCK_HEADER, "a-value-of-the-caller");
    let seen = fixture.call("owner", "vfx-1", &sent)?.seen().expect("an answer of the application");
    assert_eq!(seen.header(INTERLOCK_HEADER).collect::<Vec<_>>(), [interlock]);
    Ok(())
}

pub(crate) fn other_protocols(fixture: &mut Fixture) -> Result<()> {
    // gRPC has a status of its own (7: PERMISSION_DENIED).
    let refused = |answer: &Response| {
        assert!(answer.status >= 400 || answer.grpc_status() == Some(7), "{}", answer.status);
        assert!(answer.seen().is_none());
    };
    let before = fixture.pod("vfx-1").count();
    // Without a step, from a caller who may not begin an instance, over each protocol.
    refused(&fixture.call("vfx-3", "vfx-1", &post("/shots/4").over(Version::Http2))?);
    refused(&fixture.call("vfx-3", "vfx-1", &Request::grpc("/shots/4"))?);
    // An upgrade, from a caller who may call but not upgrade.
    let upgrade = Request::new("POST", "/shots/4").header("upgrade", "websocket").header("connection", "upgrade");
    let answer = fixture.call("owner", "vfx-1", &upgrade)?;
    assert_ne!(answer.status, 101);
    refused(&answer);
    let at = fixture.cluster.service("vfx-1", "movie")?;
    // HTTP/1.0 with and without a host, CONNECT, and paths that have to be normalized.
    let host = "host: vfx-1.movie.svc.cluster.local\r\n";
    for head in [
        format!("POST /shots/4 HTTP/1.0\r\n{host}content-length: 0\r\n\r\n"),
        "POST /shots/4 HTTP/1.0\r\ncontent-length: 0\r\n\r\n".into(),
        format!("CONNECT vfx-1.movie.svc.cluster.local:80 HTTP/1.1\r\n{host}\r\n"),
        format!("POST /x/../shots/4 HTTP/1.1\r\n{host}content-length: 0\r\n\r\n"),
        format!("POST /shots%2f4 HTTP/1.1\r\n{host}content-length: 0\r\n\r\n"),
    ] {
        let answer = fixture.pod("vfx-3").raw(at, head.as_bytes())?;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.starts_with("HTTP/1.1 4") || answer.is_empty(), "{head}{answer}");
    }
    assert_eq!(fixture.pod("vfx-1").count(), before);
    Ok(())
}
