//! A rotation of keys and interlocks, as docs/istio.md describes it.

use stepgate_cluster_tests::{Result, until};

use crate::fixture::Fixture;
use crate::requests::{SOON, code, post, step};

pub(crate) fn without_a_gap(fixture: &mut Fixture) -> Result<()> {
    fixture.owner.rotate("preload")?;
    fixture.apply_rendered()?;
    // The policies accept the old interlock and the new one, so nothing waits for the restart.
    step(&fixture.call("owner", "vfx-1", &post("/shots/preload"))?)?;
    fixture.restart_proxies()?;
    fixture.await_enforcement()?;
    let of_the_old_key = step(&fixture.call("owner", "vfx-1", &post("/shots/old"))?)?;
    let plates = |n: &str, step: &str| post(&format!("/plates/{n}")).header(crate::requests::STEP, step);

    fixture.owner.rotate("switch")?;
    fixture.apply_rendered()?;
    let of_the_new_key = until(SOON, "a token of the new key", || {
        let token = step(&fixture.call("owner", "vfx-1", &post("/shots/new"))?)?;
        Ok((first_part(&token) != first_part(&of_the_old_key)).then_some(token))
    })?;
    step(&fixture.call("vfx-1", "vfx-2", &plates("new", &of_the_new_key))?)?;
    step(&fixture.call("vfx-1", "vfx-2", &plates("old", &of_the_old_key))?)?;

    fixture.owner.rotate("retire")?;
    fixture.apply_rendered()?;
    until(SOON, "the old key to be unknown", || {
        let answer = fixture.call(
            "vfx-1",
            "vfx-3",
            &post("/models/old").header(crate::requests::STEP, of_the_old_key.as_str()),
        )?;
        Ok((code(&answer).as_deref() == Some("UNKNOWN_KEY")).then_some(()))
    })?;
    step(&fixture.call("owner", "vfx-1", &post("/shots/retired"))?).map(drop)
}

/// The JOSE header, which names the key.
fn first_part(token: &str) -> &str {
    token.split('.').next().unwrap_or_default()
}
