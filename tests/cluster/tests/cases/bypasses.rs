//! Attempts to bypass the gate that are only possible in a mesh: past the Service, past the caller's own proxy, with other
//! protocols, through the ports of the proxies.

use std::net::{Ipv4Addr, SocketAddr};

use stepgate_cluster_tests::{Pod, Request, Result, until};

use crate::fixture::{ACTORS, Fixture};
use crate::outsiders::over_tls;
use crate::requests::{INTERLOCK_HEADER, SOON, STEP, code, post};

/// The number of requests that each application has seen.
fn counts(fixture: &Fixture) -> Vec<u64> {
    ACTORS.iter().map(|name| fixture.pod(name).count()).collect()
}

/// A call of the pod's address instead of its Service: the caller's proxy does not know this destination and forwards the
/// request in the clear, which the pod refuses. With the Service's name, at a port of Services, it is a normal call.
pub(crate) fn straight_to_the_pod(fixture: &mut Fixture) -> Result<()> {
    let pod = fixture.pod("vfx-1").address();
    let name = "vfx-1.movie.svc.cluster.local";
    let before = counts(fixture);
    let interlock = fixture.interlock("vfx-1")?;
    let refused = |from: &str, at: SocketAddr, host: &str| {
        // It is sent in the clear, so it has no marker: the last case searches for that on the wire.
        let request = Request::new("POST", "/shots/8").header(INTERLOCK_HEADER, interlock.as_str());
        // A broken connection is a refusal too.
        if let Ok(answer) = fixture.pod(from).call_at(at, host, &request) {
            assert!(answer.status >= 500 && answer.seen().is_none(), "{from} at {at} {host}: {}", answer.status);
        }
    };
    for from in ["owner", "vfx-3"] {
        for host in [name, "vfx-1", &pod.to_string(), "localhost:8080", "127.0.0.1:15000"] {
            refused(from, pod, host);
        }
        for host in ["localhost", "127.0.0.1:8080", "elsewhere.example"] {
            refused(from, SocketAddr::new(pod.ip(), 80), host);
        }
    }
    assert_eq!(counts(fixture), before);
    // The counterpart: with the Service's name the request arrives.
    let at = SocketAddr::new(pod.ip(), 80);
    let answer = fixture.pod("vfx-3").call_at(at, name, &post("/shots/8"))?;
    assert_eq!((answer.status, code(&answer).is_some()), (403, true));
    assert_eq!(counts(fixture), before);
    assert_eq!(fixture.pod("owner").call_at(at, name, &post("/shots/8"))?.status, 200);
    assert_ne!(counts(fixture), before);
    Ok(())
}

/// Within a pod there is no gate, and no local port leads to another pod's application.
pub(crate) fn to_local_ports(fixture: &mut Fixture) -> Result<()> {
    let own = fixture.pod("vfx-3");
    let request = post("/shots/9");
    let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    for at in [local(8080), own.address()] {
        let before = counts(fixture);
        let answer = own.call_at(at, "vfx-1.movie.svc.cluster.local", &request)?;
        let seen = answer.seen().expect("its own application");
        assert_eq!(seen.workload, "vfx-3");
        // It has passed no gate: it has neither step nor interlock, and is of no use elsewhere.
        assert!(seen.header(STEP).next().is_none() && seen.header(INTERLOCK_HEADER).next().is_none());
        let others = counts(fixture).iter().zip(&before).filter(|(now, before)| now != before).count();
        assert_eq!(others, 1, "{at} reached another's application");
    }
    let before = counts(fixture);
    let bytes = b"POST /shots/9 HTTP/1.1\r\nhost: vfx-1.movie.svc.cluster.local\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let said =
        |at: SocketAddr, bytes: &[u8]| String::from_utf8_lossy(&own.raw(at, bytes).unwrap_or_default()).into_owned();
    // Its own proxy, past the redirection; every port of the other's proxy.
    let other = |port| SocketAddr::new(fixture.pod("vfx-1").address().ip(), port);
    let mut tried = vec![local(15001), local(15006)];
    tried.extend([15000, 15001, 15004, 15006, 15053, 15020, 15021, 15090].map(other));
    for at in tried {
        let answer = said(at, bytes);
        assert!(!answer.contains("\"workload\""), "{at}: {answer}");
    }
    // The ports that Istio leaves open answer probes and metrics, and do nothing else.
    assert!(
        said(other(15021), b"GET /healthz/ready HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").contains(" 200 ")
    );
    for path in ["/quitquitquit", "/drain"] {
        let answer = said(
            other(15020),
            format!("POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
                .as_bytes(),
        );
        assert!(!answer.contains(" 200 "), "{path}: {answer}");
    }
    assert_eq!(counts(fixture), before);
    assert_eq!(fixture.call("owner", "vfx-1", &post("/shots/9"))?.status, 200);
    Ok(())
}

/// HTTP/1.0, h2c and upgrades: through the caller's own proxy, and without one at the port of the gate.
pub(crate) fn by_other_protocols(fixture: &mut Fixture) -> Result<()> {
    const PREFACE: &str = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let head = |version: &str, more: &str| {
        format!(
            "POST /shots/10 HTTP/{version}\r\nhost: vfx-1.movie.svc.cluster.local\r\n{more}content-length: 0\r\n\r\n"
        )
    };
    let upgrade = |to: &str| {
        format!("connection: upgrade, http2-settings\r\nhttp2-settings: AAMAAABkAAQAAP__\r\nupgrade: {to}\r\n")
    };
    let (h2c, websocket) = (head("1.1", &upgrade("h2c")), head("1.1", &upgrade("websocket")));
    // So that the peer closes the connection after its answer.
    let closing = |request: &str| request.replace("connection: upgrade", "connection: close, upgrade");
    let smuggled = format!("{h2c}{PREFACE}");
    let at = fixture.cluster.service("vfx-1", "movie")?;
    let before = fixture.pod("vfx-1").count();
    for request in [head("1.0", ""), closing(&h2c), smuggled.clone(), closing(&websocket), PREFACE.into()] {
        let answer = String::from_utf8_lossy(&fixture.pod("vfx-3").raw(at, request.as_bytes())?).into_owned();
        assert!(!answer.contains(" 101 ") && !answer.contains(" 200 "), "{request}{answer}");
    }
    assert_eq!(fixture.pod("vfx-1").count(), before);
    // From the permitted caller: `h2c` is removed on the way, and the bytes after the request are not a request.
    let answer = String::from_utf8_lossy(&fixture.pod("owner").raw(at, smuggled.as_bytes())?).into_owned();
    assert!(answer.starts_with("HTTP/1.1 200") && !answer.contains(" 101 "), "{answer}");
    assert_eq!(fixture.pod("vfx-1").count(), before + 1);
    let seen = fixture.pod("vfx-1").seen().pop().expect("a request");
    assert!(seen.header("upgrade").next().is_none() && seen.header("http2-settings").next().is_none());

    // Without a proxy on this side: in the clear, then with certificates.
    let stranger =
        fixture.cluster.pod(Pod::named("bare").namespace("movie").service_account("hdr").without_sidecar())?;
    let gate = fixture.pod("vfx-1").address();
    for request in [head("1.0", ""), h2c.clone(), PREFACE.into()] {
        let answer = stranger.raw(gate, request.as_bytes()).unwrap_or_default();
        assert_eq!(String::from_utf8_lossy(&answer), "", "{request}");
    }
    let before = fixture.pod("vfx-1").count();
    let issue = |name: &str| fixture.cluster.authority().issue(&format!("spiffe://cluster.local/ns/movie/sa/{name}"));
    let (intruder, owner) = (issue("hdr")?, issue("owner")?);
    for (who, request, expected) in [
        (&intruder, head("1.0", ""), " 426 "),
        (&intruder, closing(&h2c), " 403 "),
        (&intruder, closing(&websocket), " 403 "),
        (&owner, head("1.0", ""), " 426 "),
        (&owner, closing(&websocket), "\"UPGRADE\""),
    ] {
        let answer = over_tls(fixture, &stranger, Some(who), &request)?;
        assert!(answer.contains(expected), "{request}{answer}");
    }
    assert_eq!(fixture.pod("vfx-1").count(), before);
    let answer = over_tls(fixture, &stranger, Some(&owner), &head("1.1", "connection: close\r\n"))?;
    assert!(answer.contains(" 200 "), "{answer}");
    assert_eq!(fixture.pod("vfx-1").count(), before + 1);
    fixture.cluster.remove(stranger)
}

/// A caller who knows the interlock of a workload gains nothing: the gate denies the same requests with the same codes.
pub(crate) fn with_the_right_interlock(fixture: &mut Fixture) -> Result<()> {
    for to in ACTORS {
        let interlock = fixture.interlock(to)?;
        for from in ACTORS {
            let path = format!("/{}/11", if to == "vfx-1" { "shots" } else { "release" });
            if (from, to) == ("owner", "vfx-1") {
                continue;
            }
            // 503 without a code is the caller's own proxy: it had a connection that the other one closed, because its
            // listener had been replaced some time before.
            let verdict = |request: &Request| {
                until(SOON, "an answer of the gate", || {
                    let verdict = fixture.call(from, to, request).map(|answer| (answer.status, code(&answer)))?;
                    Ok((verdict != (503, None)).then_some(verdict))
                })
            };
            let before = fixture.pod(to).count();
            let denied = verdict(&post(&path))?;
            assert!(denied.0 == 403 && denied.1.is_some(), "{from} to {to}: {denied:?}");
            let once = post(&path).header(INTERLOCK_HEADER, interlock.as_str());
            let twice = once.clone().header(INTERLOCK_HEADER, "and-another-value");
            for request in [&once, &twice, &once.clone().over(stepgate_cluster_tests::Version::Http2)] {
                assert_eq!(verdict(request)?, denied, "{from} to {to}");
            }
            assert_eq!(fixture.pod(to).count(), before, "{from} to {to}");
        }
    }
    Ok(())
}
