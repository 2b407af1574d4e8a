//! Moments in the life of a gate in which it might let something by.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use stepgate_cluster_tests::{Error, Image, Result, until};

use crate::bed::{Bed, SOON, code, post, push};

/// Requests that each of two callers makes while the configuration changes.
const CHANGES: usize = 5;

pub(crate) fn changed_under_load(bed: &mut Bed) -> Result<()> {
    let over = AtomicBool::new(false);
    let load = |from: &'static str, wanted: u16| {
        let (over, bed) = (&over, &*bed);
        move || {
            let mut count = 0_u32;
            while !over.load(Ordering::SeqCst) {
                let answer = bed.call(from, "vfx-1", &post("/shots/load"))?;
                if answer.status != wanted {
                    let said = String::from_utf8_lossy(&answer.body).into_owned();
                    return Err(Error::new(format!("{from} got {} after {count}: {said}", answer.status)));
                }
                count += 1;
            }
            Ok(count)
        }
    };
    std::thread::scope(|scope| {
        let permitted = scope.spawn(load("owner", 200));
        let refused = scope.spawn(load("vfx-3", 403));
        let changed = (1..=CHANGES).try_for_each(|n| change(bed, n));
        over.store(true, Ordering::SeqCst);
        let counts = [permitted.join().expect("a thread"), refused.join().expect("a thread")];
        changed?;
        let [permitted, refused] = counts;
        let (permitted, refused) = (permitted?, refused?);
        println!("        {CHANGES} changes; {permitted} requests permitted, {refused} refused meanwhile");
        assert!(permitted > 20 && refused > 20, "hardly any load");
        Ok::<_, Error>(())
    })?;
    bed.apply_original()
}

/// Changes what changes no verdict, and waits until the gate has it.
fn change(bed: &Bed, n: usize) -> Result<()> {
    let to = format!("    log:\n      denials_per_second: {}\n    interlock:", n + 100);
    bed.apply_changed("    interlock:", &to)?;
    let wanted = format!("\"denials_per_second\":{}", n + 100);
    until(SOON, "the changed configuration to arrive", || {
        // A text of JSON within JSON.
        let dump = bed.pod("vfx-1").envoy_admin("config_dump?resource=ecds_filters")?;
        Ok(dump.replace(['\\', ' '], "").contains(&wanted).then_some(()))
    })
}

fn until_owner_gets(bed: &Bed, status: u16, wanted: Option<&str>) -> Result<()> {
    let what = format!("the owner to get {status} {}", wanted.unwrap_or_default());
    let got = until(SOON, &what, || {
        let answer = bed.call("owner", "vfx-1", &post("/shots/life"))?;
        let fits = answer.status == status && (wanted.is_none() || code(&answer).as_deref() == wanted);
        match fits {
            true => Ok(Some(())),
            false => Err(Error::new(format!("{} {}", answer.status, String::from_utf8_lossy(&answer.body)))),
        }
    });
    got.map_err(|error| bed.pod("vfx-1").explain(error))
}

pub(crate) fn broken_configuration(bed: &mut Bed) -> Result<()> {
    bed.apply_changed("    interlock:", "    interlokc:")?;
    until_owner_gets(bed, 403, Some("NO_CONFIG"))?;
    assert!(bed.pod("vfx-1").proxy_log().contains("interlokc"), "the log does not say what is wrong");
    bed.apply_original()?;
    until_owner_gets(bed, 200, None)
}

pub(crate) fn wrong_digest(bed: &mut Bed) -> Result<()> {
    let line = bed.manifest.lines().find(|line| line.contains("sha256:")).expect("a digest").to_owned();
    bed.apply_changed(&line, &format!("  sha256: \"{}\"", "0".repeat(64)))?;
    // Istio's own refusal: it bears no code of ours.
    until_owner_gets(bed, 403, None)?;
    let before = bed.pod("vfx-1").count();
    let answer = bed.call("owner", "vfx-1", &post("/shots/digest"))?;
    assert_eq!((answer.status, code(&answer)), (403, None));
    assert_eq!(bed.pod("vfx-1").count(), before);
    bed.apply_original()?;
    until_owner_gets(bed, 200, None)
}

pub(crate) fn the_other_variant(bed: &mut Bed) -> Result<()> {
    bed.apply_module(&bed.artifact)?;
    let wanted = format!("\"GET /v2/stepgate/manifests/{}", bed.artifact.url.rsplit(':').next().unwrap_or_default());
    until(SOON, "the artifact to be pulled", || Ok(bed.cluster.registry.log().contains(&wanted).then_some(())))?;
    bed.await_enforcement()?;
    until_owner_gets(bed, 200, None)?;
    bed.apply_original()?;
    bed.await_enforcement()
}

/// A module that traps on every request, written by hand.
pub(crate) const TRAP: &[u8] = b"\0asm\x01\0\0\0\
    \x01\x10\x03\x60\0\0\x60\x03\x7f\x7f\x7f\x01\x7f\x60\x01\x7f\x01\x7f\
    \x03\x04\x03\0\x01\x02\
    \x05\x03\x01\0\x01\
    \x07\x48\x04\x06memory\x02\0\x17proxy_abi_version_0_2_1\0\0\x18proxy_on_request_headers\0\x01\x06malloc\0\x02\
    \x0a\x0d\x03\x02\0\x0b\x03\0\0\x0b\x04\0\x41\0\x0b";

pub(crate) fn trapping(bed: &mut Bed) -> Result<()> {
    let module = push(&bed.cluster, "traps", &Image::artifact(TRAP))?;
    bed.apply_module(&module)?;
    let refused = until(SOON, "the module to trap", || {
        let answer = bed.call("owner", "vfx-1", &post("/shots/trap"))?;
        Ok((answer.status >= 500).then_some(answer.status))
    })?;
    let before = bed.pod("vfx-1").count();
    for from in ["owner", "vfx-3", "hdr"] {
        let answer = bed.call(from, "vfx-1", &post("/shots/trap"))?;
        assert!(answer.status >= 500 && answer.seen().is_none(), "{}", answer.status);
    }
    assert_eq!(bed.pod("vfx-1").count(), before);
    println!("        a trap is answered {refused}");
    bed.apply_original()?;
    bed.await_enforcement()?;
    until_owner_gets(bed, 200, None)
}

pub(crate) fn without_istiod(bed: &mut Bed) -> Result<()> {
    bed.cluster.stop_istiod()?;
    let answers = ["owner", "vfx-3"].map(|from| bed.call(from, "vfx-1", &post("/shots/alone")).map(|a| a.status));
    bed.cluster.start_istiod()?;
    let [permitted, refused] = answers;
    assert_eq!((permitted?, refused?), (200, 403));
    Ok(())
}

pub(crate) fn without_registry(bed: &mut Bed) -> Result<()> {
    let before = bed.pod("vfx-1").count();
    bed.cluster.registry.stop()?;
    let (cluster, pod) = bed.pod_mut("vfx-1");
    pod.stop_proxy()?;
    pod.begin_proxy(cluster)?;
    let ready = pod.await_ready(Duration::from_secs(20));
    // Whatever it says of itself: nothing gets in.
    for from in ["owner", "vfx-3"] {
        let answer = bed.call(from, "vfx-1", &post("/shots/no-registry"))?;
        assert!(answer.status >= 400 && answer.seen().is_none(), "{from}: {}", answer.status);
    }
    println!("        without the registry: ready {}", ready.is_ok());
    assert_eq!(bed.pod("vfx-1").count(), before);
    bed.cluster.registry.resume()?;
    let (cluster, pod) = bed.pod_mut("vfx-1");
    pod.stop_proxy()?;
    pod.start_proxy(cluster)?;
    until_owner_gets(bed, 200, None)?;
    assert!(bed.cluster.registry.log().contains("/v2/stepgate/"));
    Ok(())
}

pub(crate) fn created_with_interlock(bed: &mut Bed) -> Result<()> {
    let reached = reached_while_created(bed, ("", ""))?;
    assert_eq!(reached, 0, "requests got past the interlock");
    Ok(())
}

pub(crate) fn created_broken(bed: &mut Bed) -> Result<()> {
    let reached = reached_while_created(bed, ("    interlock:", "    interlokc:"))?;
    assert_eq!(reached, 0, "requests got past the interlock");
    until_owner_gets(bed, 403, Some("NO_CONFIG"))?;
    bed.apply_original()?;
    until_owner_gets(bed, 200, None)
}

pub(crate) fn created_without_interlock(bed: &mut Bed) -> Result<()> {
    let policy = ["--namespace", "movie", "authorizationpolicy", "stepgate-vfx-1-interlock"];
    bed.cluster.kubectl(&[&["delete"], policy.as_slice()].concat())?;
    let reached = reached_while_created(bed, ("", ""))?;
    bed.apply_original()?;
    println!("        {reached} requests reached the application unfiltered");
    assert!(reached > 0, "the interlock is not shown to be of use");
    bed.await_enforcement()
}

/// Deletes the plugin, opens connections, creates it again, and counts what a caller who may do nothing gets
/// through to the application from then on.
fn reached_while_created(bed: &Bed, (from, to): (&str, &str)) -> Result<u64> {
    let intruder = || bed.call("vfx-3", "vfx-1", &post("/shots/intruder"));
    bed.cluster.kubectl(&["delete", "--namespace", "movie", "wasmplugin", "stepgate"])?;
    until(SOON, "the plugin to be gone", || Ok(code(&intruder()?).is_none().then_some(())))?;
    // This connection stands; from here on a gate is what the owner wants.
    intruder()?;
    let before = bed.pod("vfx-1").count();
    bed.apply_plugin(from, to)?;
    until(SOON, "the plugin to be back", || Ok(code(&intruder()?).is_some().then_some(())))?;
    Ok(bed.pod("vfx-1").count() - before)
}
