//! Changes and failures during which a gate must not let a request through.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use stepgate_cluster_tests::{Error, Image, Result, until};

use crate::fixture::Fixture;
use crate::module::push;
use crate::requests::{SOON, code, post};

/// Changes of the configuration, while two callers send requests.
const CHANGES: usize = 5;

pub(crate) fn changed_under_load(fixture: &mut Fixture) -> Result<()> {
    let over = AtomicBool::new(false);
    let load = |from: &'static str, expected: u16| {
        let (over, fixture) = (&over, &*fixture);
        move || {
            let mut count = 0_u32;
            while !over.load(Ordering::SeqCst) {
                let answer = fixture.call(from, "vfx-1", &post("/shots/load"))?;
                if answer.status != expected {
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
        let changed = (1..=CHANGES).try_for_each(|n| change(fixture, n));
        over.store(true, Ordering::SeqCst);
        let counts = [permitted.join().expect("a thread"), refused.join().expect("a thread")];
        changed?;
        let [permitted, refused] = counts;
        let (permitted, refused) = (permitted?, refused?);
        println!("        {CHANGES} changes; {permitted} requests permitted, {refused} refused meanwhile");
        assert!(permitted > 20 && refused > 20, "hardly any load");
        Ok::<_, Error>(())
    })?;
    fixture.apply_original()
}

/// Changes a setting that changes no decision, and waits until the gate has it.
fn change(fixture: &Fixture, n: usize) -> Result<()> {
    let to = format!("    log:\n      denials_per_second: {}\n    interlock:", n + 100);
    fixture.apply_changed("    interlock:", &to)?;
    let expected = format!("\"denials_per_second\":{}", n + 100);
    until(SOON, "the changed configuration to arrive", || {
        // The configuration is JSON within a JSON string.
        let dump = fixture.pod("vfx-1").envoy_admin("config_dump?resource=ecds_filters")?;
        Ok(dump.replace(['\\', ' '], "").contains(&expected).then_some(()))
    })
}

fn until_owner_gets(fixture: &Fixture, status: u16, expected: Option<&str>) -> Result<()> {
    let what = format!("the owner to get {status} {}", expected.unwrap_or_default());
    let got = until(SOON, &what, || {
        let answer = fixture.call("owner", "vfx-1", &post("/shots/life"))?;
        let fits = answer.status == status && (expected.is_none() || code(&answer).as_deref() == expected);
        match fits {
            true => Ok(Some(())),
            false => Err(Error::new(format!("{} {}", answer.status, String::from_utf8_lossy(&answer.body)))),
        }
    });
    got.map_err(|error| fixture.pod("vfx-1").explain(error))
}

pub(crate) fn broken_configuration(fixture: &mut Fixture) -> Result<()> {
    fixture.apply_changed("    interlock:", "    interlokc:")?;
    until_owner_gets(fixture, 403, Some("NO_CONFIG"))?;
    assert!(fixture.pod("vfx-1").proxy_log().contains("interlokc"), "the log does not say what is wrong");
    fixture.apply_original()?;
    until_owner_gets(fixture, 200, None)
}

pub(crate) fn wrong_digest(fixture: &mut Fixture) -> Result<()> {
    let line = fixture.manifest.lines().find(|line| line.contains("sha256:")).expect("a digest").to_owned();
    fixture.apply_changed(&line, &format!("  sha256: \"{}\"", "0".repeat(64)))?;
    // Istio's own refusal, which has no code of Stepgate.
    until_owner_gets(fixture, 403, None)?;
    let before = fixture.pod("vfx-1").count();
    let answer = fixture.call("owner", "vfx-1", &post("/shots/digest"))?;
    assert_eq!((answer.status, code(&answer)), (403, None));
    assert_eq!(fixture.pod("vfx-1").count(), before);
    fixture.apply_original()?;
    until_owner_gets(fixture, 200, None)
}

pub(crate) fn the_other_variant(fixture: &mut Fixture) -> Result<()> {
    fixture.apply_module(&fixture.artifact)?;
    let expected =
        format!("\"GET /v2/stepgate/manifests/{}", fixture.artifact.url.rsplit(':').next().unwrap_or_default());
    until(SOON, "the artifact to be pulled", || Ok(fixture.cluster.registry.log().contains(&expected).then_some(())))?;
    fixture.await_enforcement()?;
    until_owner_gets(fixture, 200, None)?;
    fixture.apply_original()?;
    fixture.await_enforcement()
}

/// A hand-written module that traps in every request.
pub(crate) const TRAP: &[u8] = b"\0asm\x01\0\0\0\
    \x01\x10\x03\x60\0\0\x60\x03\x7f\x7f\x7f\x01\x7f\x60\x01\x7f\x01\x7f\
    \x03\x04\x03\0\x01\x02\
    \x05\x03\x01\0\x01\
    \x07\x48\x04\x06memory\x02\0\x17proxy_abi_version_0_2_1\0\0\x18proxy_on_request_headers\0\x01\x06malloc\0\x02\
    \x0a\x0d\x03\x02\0\x0b\x03\0\0\x0b\x04\0\x41\0\x0b";

pub(crate) fn trapping(fixture: &mut Fixture) -> Result<()> {
    let module = push(&fixture.cluster, "traps", &Image::artifact(TRAP)?)?;
    fixture.apply_module(&module)?;
    let refused = until(SOON, "the module to trap", || {
        let answer = fixture.call("owner", "vfx-1", &post("/shots/trap"))?;
        Ok((answer.status >= 500).then_some(answer.status))
    })?;
    let before = fixture.pod("vfx-1").count();
    for from in ["owner", "vfx-3", "hdr"] {
        let answer = fixture.call(from, "vfx-1", &post("/shots/trap"))?;
        assert!(answer.status >= 500 && answer.seen().is_none(), "{}", answer.status);
    }
    assert_eq!(fixture.pod("vfx-1").count(), before);
    println!("        a trap is answered {refused}");
    fixture.apply_original()?;
    fixture.await_enforcement()?;
    until_owner_gets(fixture, 200, None)
}

pub(crate) fn without_istiod(fixture: &mut Fixture) -> Result<()> {
    fixture.cluster.stop_istiod()?;
    let answers = ["owner", "vfx-3"].map(|from| fixture.call(from, "vfx-1", &post("/shots/alone")).map(|a| a.status));
    fixture.cluster.start_istiod()?;
    let [permitted, refused] = answers;
    assert_eq!((permitted?, refused?), (200, 403));
    Ok(())
}

pub(crate) fn without_registry(fixture: &mut Fixture) -> Result<()> {
    let before = fixture.pod("vfx-1").count();
    fixture.cluster.registry.stop()?;
    let (cluster, pod) = fixture.pod_mut("vfx-1");
    pod.stop_proxy()?;
    pod.begin_proxy(cluster)?;
    let ready = pod.await_ready(Duration::from_secs(20));
    // Whether it reports that it is ready or not: nothing gets in.
    for from in ["owner", "vfx-3"] {
        let answer = fixture.call(from, "vfx-1", &post("/shots/no-registry"))?;
        assert!(answer.status >= 400 && answer.seen().is_none(), "{from}: {}", answer.status);
    }
    println!("        without the registry: ready {}", ready.is_ok());
    assert_eq!(fixture.pod("vfx-1").count(), before);
    fixture.cluster.registry.start()?;
    let (cluster, pod) = fixture.pod_mut("vfx-1");
    pod.stop_proxy()?;
    pod.start_proxy(cluster)?;
    until_owner_gets(fixture, 200, None)?;
    assert!(fixture.cluster.registry.log().contains("/v2/stepgate/"));
    Ok(())
}

pub(crate) fn created_with_interlock(fixture: &mut Fixture) -> Result<()> {
    let reached = reached_while_created(fixture, ("", ""))?;
    assert_eq!(reached, 0, "requests got past the interlock");
    Ok(())
}

pub(crate) fn created_broken(fixture: &mut Fixture) -> Result<()> {
    let reached = reached_while_created(fixture, ("    interlock:", "    interlokc:"))?;
    assert_eq!(reached, 0, "requests got past the interlock");
    until_owner_gets(fixture, 403, Some("NO_CONFIG"))?;
    fixture.apply_original()?;
    until_owner_gets(fixture, 200, None)
}

pub(crate) fn created_without_interlock(fixture: &mut Fixture) -> Result<()> {
    let policy = ["--namespace", "movie", "authorizationpolicy", "stepgate-vfx-1-interlock"];
    fixture.cluster.kubectl(&[&["delete"], policy.as_slice()].concat())?;
    let reached = reached_while_created(fixture, ("", ""))?;
    fixture.apply_original()?;
    println!("        {reached} requests reached the application unfiltered");
    assert!(reached > 0, "the interlock is not shown to be of use");
    fixture.await_enforcement()
}

/// Deletes the plugin, opens connections, creates the plugin again, and counts the requests of an outsider that reach the
/// application from then on.
fn reached_while_created(fixture: &Fixture, (from, to): (&str, &str)) -> Result<u64> {
    let intruder = || fixture.call("vfx-3", "vfx-1", &post("/shots/intruder"));
    fixture.cluster.kubectl(&["delete", "--namespace", "movie", "wasmplugin", "stepgate"])?;
    until(SOON, "the plugin to be gone", || Ok(code(&intruder()?).is_none().then_some(())))?;
    // This connection is open; from here on a gate should decide.
    intruder()?;
    let before = fixture.pod("vfx-1").count();
    fixture.apply_plugin(from, to)?;
    until(SOON, "the plugin to be back", || Ok(code(&intruder()?).is_some().then_some(())))?;
    Ok(fixture.pod("vfx-1").count() - before)
}
