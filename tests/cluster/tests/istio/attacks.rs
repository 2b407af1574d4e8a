//! Attacks by actors of the workflow, each with its own sidecar and certificate.

use stepgate_cluster_tests::{Request, Response, Result, Version};

use crate::bed::{Bed, INTERLOCK_HEADER, STEP, code, post, step};

/// Denied by the gate, with this code; the application saw nothing.
fn denied(bed: &Bed, from: &str, to: &str, request: &Request, wanted: &str) -> Result<()> {
    let before = bed.pod(to).count();
    let answer = bed.call(from, to, request)?;
    let got = (answer.status, code(&answer));
    assert_eq!(got, (403, Some(wanted.to_owned())), "{from} to {to}{}", request.path);
    assert_eq!(bed.pod(to).count(), before, "{from} reached {to}");
    Ok(())
}

pub(crate) fn out_of_turn(bed: &mut Bed) -> Result<()> {
    let begin = |n: &str| bed.call("owner", "vfx-1", &post(&format!("/shots/{n}")));
    let shots = step(&begin("turn")?)?;
    let with = |path: &str, step: &str| post(path).header(STEP, step);
    denied(bed, "vfx-1", "vfx-2", &post("/plates/2"), "NO_STEP")?;
    denied(bed, "owner", "vfx-2", &post("/plates/2"), "NOT_INITIAL")?;
    // Skipped: colour without plates.
    denied(bed, "vfx-1", "color", &with("/color/2", &shots), "NO_TRANSITION")?;
    // Stolen: vfx-2 has vfx-1's.
    denied(bed, "vfx-2", "vfx-3", &with("/models/2", &shots), "WRONG_HOLDER")?;
    denied(bed, "vfx-1", "vfx-2", &with("/elsewhere/2", &shots), "WRONG_REQUEST")?;
    let mut forged = shots.clone();
    forged.truncate(forged.rfind('.').unwrap());
    let forged = format!("{forged}.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    denied(bed, "vfx-1", "vfx-2", &with("/plates/2", &forged), "BAD_SIGNATURE")?;
    // Twice at the same gate.
    step(&bed.call("vfx-1", "vfx-2", &with("/plates/2", &shots))?)?;
    denied(bed, "vfx-1", "vfx-2", &with("/plates/2", &shots), "ALREADY_TAKEN")
}

pub(crate) fn forged_headers(bed: &mut Bed) -> Result<()> {
    let owner = "By=spiffe://cluster.local/ns/movie/sa/vfx-1;URI=spiffe://cluster.local/ns/movie/sa/owner";
    let forged = post("/shots/3").header("x-forwarded-client-cert", owner);
    let plain = bed.call("vfx-3", "vfx-1", &post("/shots/3"))?;
    let code = code(&plain).expect("a denial");
    denied(bed, "vfx-3", "vfx-1", &forged, &code)?;
    let interlock = bed.interlock("vfx-1")?;
    denied(bed, "vfx-3", "vfx-1", &post("/shots/3").header(INTERLOCK_HEADER, interlock.as_str()), &code)?;
    // On a request that is let through the gate's own value stands alone.
    let sent = post("/shots/3").header(INTERLOCK_HEADER, "a-value-of-the-caller");
    let seen = bed.call("owner", "vfx-1", &sent)?.seen().expect("an answer of the application");
    assert_eq!(seen.header(INTERLOCK_HEADER).collect::<Vec<_>>(), [interlock]);
    Ok(())
}

pub(crate) fn other_protocols(bed: &mut Bed) -> Result<()> {
    // gRPC says so in its own status (7: PERMISSION_DENIED).
    let refused = |answer: &Response| {
        assert!(answer.status >= 400 || answer.grpc_status() == Some(7), "{}", answer.status);
        assert!(answer.seen().is_none());
    };
    let before = bed.pod("vfx-1").count();
    // Without a step and by one who may not begin: over each way to say it.
    refused(&bed.call("vfx-3", "vfx-1", &post("/shots/4").over(Version::Http2))?);
    refused(&bed.call("vfx-3", "vfx-1", &Request::grpc("/shots/4"))?);
    // An upgrade, by one who may call but not upgrade.
    let upgrade = Request::new("POST", "/shots/4").header("upgrade", "websocket").header("connection", "upgrade");
    let answer = bed.call("owner", "vfx-1", &upgrade)?;
    assert_ne!(answer.status, 101);
    refused(&answer);
    let at = bed.cluster.service("vfx-1", "movie")?;
    // HTTP/1.0, with and without a host, and the service's address as a proxy.
    let host = "host: vfx-1.movie.svc.cluster.local\r\n";
    for head in [
        format!("POST /shots/4 HTTP/1.0\r\n{host}content-length: 0\r\n\r\n"),
        "POST /shots/4 HTTP/1.0\r\ncontent-length: 0\r\n\r\n".into(),
        format!("CONNECT vfx-1.movie.svc.cluster.local:80 HTTP/1.1\r\n{host}\r\n"),
        format!("POST /x/../shots/4 HTTP/1.1\r\n{host}content-length: 0\r\n\r\n"),
        format!("POST /shots%2f4 HTTP/1.1\r\n{host}content-length: 0\r\n\r\n"),
    ] {
        let answer = bed.pod("vfx-3").raw(at, head.as_bytes())?;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.starts_with("HTTP/1.1 4") || answer.is_empty(), "{head}{answer}");
    }
    assert_eq!(bed.pod("vfx-1").count(), before);
    Ok(())
}
