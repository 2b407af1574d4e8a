//! The wire: what two workloads say to each other is seen by nobody else.

use stepgate_cluster_tests::{Result, contains};

use crate::bed::{ACTORS, Bed, MARKER, STEP, post, step};

const ANSWER: &str = "\"body_bytes\":";

/// Captures ran on every interface of every pod from the beginning. Every ordered pair, with every method, says
/// its marker once more; then they are searched.
pub(crate) fn is_unreadable(bed: &mut Bed) -> Result<()> {
    let token = step(&bed.call("owner", "vfx-1", &post("/shots/wire"))?)?;
    for from in ACTORS {
        for to in ACTORS {
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"] {
                let mut request = post("/of-the-wire").header(STEP, token.as_str());
                request.method = method.into();
                bed.call(from, to, &request)?;
            }
        }
    }
    // `ANSWER` stands in every answer of an application. hdr's interlock: strangers sent that of vfx-1 in the clear
    // themselves. The parts of a token: its header, which all share, its claims, its signature.
    let parts: Vec<&str> = token.split('.').collect();
    let secrets = [MARKER, ANSWER, &bed.interlock("hdr")?, parts[0], parts[1], parts[2]];
    let mut heard = 0;
    for (name, capture) in std::mem::take(&mut bed.captures) {
        let recording = capture.finish()?;
        let found: Vec<&str> = secrets.into_iter().filter(|text| contains(&recording, text.as_bytes())).collect();
        if name.ends_with("eth0") {
            assert!(recording.len() > 10_000, "{name} recorded {} bytes only", recording.len());
            assert!(found.is_empty(), "{name} shows {found:?}");
        } else {
            // Between an application and its own proxy it is in the clear, so the search is known to find.
            assert!(found.contains(&MARKER) && found.contains(&ANSWER), "{name} shows {found:?} only");
            heard += usize::from(found.contains(&parts[1]));
        }
    }
    assert!(heard > 0, "no capture has the token");
    Ok(())
}
