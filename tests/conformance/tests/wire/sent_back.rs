//! Methods that ask the application to send the request back, with the interlock and the step that the gate adds.

use crate::http2::send;
use crate::mesh::{ECHO, WATCHED_ECHO, Wire};

/// In the letters of RFC 9110 and in others, which some servers take for the same.
const METHODS: [&str; 6] = ["TRACE", "trace", "Trace", "TRACK", "track", "tRaCk"];
/// A control: the gate's patterns accept any method.
const OTHER: &str = "PURGE";
const INTERLOCK: &str = "x-stepgate-permit";

/// Sends the method over both versions of HTTP, to an exempt path and to that of a task.
fn everywhere(wire: &Wire, site: &str, method: &str) {
    for (kind, with_step) in [("exempt", false), ("task", true)] {
        let step = || if with_step { wire.block(wire.begin(site, "/task/begun")) } else { "none".to_owned() };
        let path = |version: &str| format!("/{kind}/{method}-{version}");
        let head = format!("{method} {} HTTP/1.1\r\nhost: x\r\nx-workflow-step: {}\r\n\r\n", path("1"), step());
        // Envoy may refuse the method itself.
        let _ = wire.block(async { wire.raw(site).await.exchange(head.as_bytes()).await });
        let (path, step) = (path("2"), step());
        let lines: [(&[u8], &[u8]); 5] = [
            (b":method", method.as_bytes()),
            (b":scheme", b"https"),
            (b":authority", b"x"),
            (b":path", path.as_bytes()),
            (b"x-workflow-step", step.as_bytes()),
        ];
        wire.block(send(wire, site, &lines));
    }
}

/// How many of these requests the application saw, and how many of them had the interlock.
fn seen(wire: &Wire, site: &str, method: &str) -> (usize, usize) {
    let paths = ["exempt", "task"].map(|kind| ["1", "2"].map(|version| format!("/{kind}/{method}-{version}")));
    let seen: Vec<_> = paths.iter().flatten().flat_map(|path| wire.seen(site, path)).collect();
    let with = seen.iter().filter(|seen| seen.header(INTERLOCK).next().is_some()).count();
    (seen.len(), with)
}

pub(crate) fn requests(wire: &Wire) {
    for site in [ECHO, WATCHED_ECHO] {
        everywhere(wire, site, OTHER);
        assert_eq!(seen(wire, site, OTHER), (4, 4), "{site}: {OTHER}");
    }
    for method in METHODS {
        everywhere(wire, ECHO, method);
        assert_eq!(seen(wire, ECHO, method), (0, 0), "{method}");
        everywhere(wire, WATCHED_ECHO, method);
        let (all, with_interlock) = seen(wire, WATCHED_ECHO, method);
        // Over HTTP/2 Envoy takes any token for a method.
        assert!(all >= 2 && with_interlock == 0, "{method}: {all} seen, {with_interlock} with the interlock");
    }
}
