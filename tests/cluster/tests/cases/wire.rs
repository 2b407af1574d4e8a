//! Confidentiality on the wire: requests and responses between two workloads are encrypted.

use stepgate_cluster_tests::{Result, contains};

use crate::fixture::{ACTORS, Fixture};
use crate::requests::{MARKER, STEP, post, step};

const ANSWER: &str = "\"body_bytes\":";

/// All traffic of every interface of every pod was recorded from the beginning. Every ordered pair sends the marker once
/// more with every method; then the recordings are searched.
pub(crate) fn is_unreadable(fixture: &mut Fixture) -> Result<()> {
    let token = step(&fixture.call("owner", "vfx-1", &post("/shots/wire"))?)?;
    for from in ACTORS {
        for to in ACTORS {
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"] {
                let mut request = post("/of-the-wire").header(STEP, token.as_str());
                request.method = method.into();
                fixture.call(from, to, &request)?;
            }
        }
    }
    // `ANSWER` is part of every answer of an application. The interlock is that of hdr: other cases have sent that of vfx-1
    // in the clear. The parts of a token are its header, its claims and its signature.
    let parts: Vec<&str> = token.split('.').collect();
    let secrets = [MARKER, ANSWER, &fixture.interlock("hdr")?, parts[0], parts[1], parts[2]];
    let mut with_token = 0;
    for (name, capture) in std::mem::take(&mut fixture.captures) {
        let recording = capture.finish()?;
        let found: Vec<&str> = secrets.into_iter().filter(|text| contains(&recording, text.as_bytes())).collect();
        if name.ends_with("eth0") {
            assert!(recording.len() > 10_000, "{name} recorded {} bytes only", recording.len());
            assert!(found.is_empty(), "{name} shows {found:?}");
        } else {
            // The counterpart: the traffic between an application and its own proxy is in the clear.
            assert!(found.contains(&MARKER) && found.contains(&ANSWER), "{name} shows {found:?} only");
            with_token += usize::from(found.contains(&parts[1]));
        }
    }
    assert!(with_token > 0, "no capture has the token");
    Ok(())
}
