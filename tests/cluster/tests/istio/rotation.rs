//! A rotation of keys and interlocks, as docs/istio.md has it.

use stepgate_cluster_tests::{Error, Result, until};

use crate::bed::{Bed, SOON, code, post, step};

pub(crate) fn without_a_gap(bed: &mut Bed) -> Result<()> {
    bed.owner.rotate("preload")?;
    bed.apply_rendered()?;
    // The policies take the old interlock and the new one, so nothing waits for the restart.
    step(&bed.call("owner", "vfx-1", &post("/shots/preload"))?)?;
    restart_all(bed)?;
    bed.await_enforcement()?;
    let of_the_old_key = step(&bed.call("owner", "vfx-1", &post("/shots/old"))?)?;
    let plates = |n: &str, step: &str| post(&format!("/plates/{n}")).header(crate::bed::STEP, step);

    bed.owner.rotate("switch")?;
    bed.apply_rendered()?;
    let of_the_new_key = until(SOON, "a token of the new key", || {
        let token = step(&bed.call("owner", "vfx-1", &post("/shots/new"))?)?;
        Ok((first_part(&token) != first_part(&of_the_old_key)).then_some(token))
    })?;
    step(&bed.call("vfx-1", "vfx-2", &plates("new", &of_the_new_key))?)?;
    step(&bed.call("vfx-1", "vfx-2", &plates("old", &of_the_old_key))?)?;

    bed.owner.rotate("retire")?;
    bed.apply_rendered()?;
    until(SOON, "the old key to be unknown", || {
        let answer =
            bed.call("vfx-1", "vfx-3", &post("/models/old").header(crate::bed::STEP, of_the_old_key.as_str()))?;
        Ok((code(&answer).as_deref() == Some("UNKNOWN_KEY")).then_some(()))
    })?;
    step(&bed.call("owner", "vfx-1", &post("/shots/retired"))?).map(drop)
}

/// The JOSE header, which names the key.
fn first_part(token: &str) -> &str {
    token.split('.').next().unwrap_or_default()
}

/// What `kubectl rollout restart` does, all at once.
fn restart_all(bed: &mut Bed) -> Result<()> {
    let cluster = &bed.cluster;
    std::thread::scope(|scope| {
        let restart = |pod| {
            scope.spawn(move || {
                let pod: &mut stepgate_cluster_tests::Workload = pod;
                pod.stop_proxy()?;
                pod.start_proxy(cluster)
            })
        };
        let restarted: Vec<_> = bed.pods.iter_mut().map(restart).collect();
        restarted.into_iter().try_for_each(|pod| pod.join().unwrap_or_else(|_| Err(Error::new("a thread panicked"))))
    })
}
