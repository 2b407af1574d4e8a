//! The workflow as it should run.

use stepgate_cluster_tests::{Request, Result, Version};

use crate::fixture::Fixture;
use crate::requests::{INTERLOCK_HEADER, STEP, post, step};

pub(crate) fn to_the_end(fixture: &mut Fixture) -> Result<()> {
    let hop = |from: &str, to: &str, path: &str, with: Option<&str>| {
        let request = with.into_iter().fold(post(path), |request, step| request.header(STEP, step));
        step(&fixture.call(from, to, &request)?).map_err(|error| error.while_doing(format!("{from} to {to}{path}")))
    };
    let shots = hop("owner", "vfx-1", "/shots/1", None)?;
    let plates = hop("vfx-1", "vfx-2", "/plates/1", Some(&shots))?;
    let models = hop("vfx-1", "vfx-3", "/models/1", Some(&shots))?;
    let color = hop("vfx-2", "color", "/color/1", Some(&plates))?;
    let sound = hop("vfx-3", "sound", "/sound/1", Some(&models))?;
    let hdr = hop("color", "hdr", "/hdr/1", Some(&color))?;
    let one = hop("hdr", "owner", "/master/1", Some(&hdr))?;
    let two = hop("sound", "owner", "/master/1", Some(&sound))?;
    // One of two branches is not enough.
    let half = fixture.call("owner", "owner", &post("/release/1").header(STEP, one.as_str()))?;
    assert_eq!((half.status, crate::requests::code(&half).as_deref()), (403, Some("JOIN_INCOMPLETE")));
    hop("owner", "owner", "/release/1", Some(&format!("{one},{two}")))?;
    Ok(())
}

pub(crate) fn over_http2(fixture: &mut Fixture) -> Result<()> {
    let begin: Request = post("/shots/h2").over(Version::Http2);
    let answer = fixture.call("owner", "vfx-1", &begin)?;
    assert!(step(&answer).is_ok(), "{}", answer.status);
    assert!(answer.header(INTERLOCK_HEADER).is_none());
    let denied = fixture.call("vfx-3", "vfx-1", &begin)?;
    assert_eq!(denied.status, 403);
    Ok(())
}
