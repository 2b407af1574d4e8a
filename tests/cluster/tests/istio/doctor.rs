//! `stepgate doctor` before a real mesh: one that is well has no gap, and each gap that is made is told by the proxy, by
//! istiod, or by both.

use stepgate_cluster_tests::{Error, Image, Pod, Result, Workload, until};

use crate::asked::{Doctor, Gaps, kinds};
use crate::bed::{ACTORS, Bed, SOON, post, push};
use crate::life::TRAP;

/// A change of what was applied, and the gaps that it makes, as vfx-1's own proxy tells them and as istiod does.
struct Change {
    from: &'static str,
    to: &'static str,
    proxy: &'static [&'static str],
    istiod: &'static [&'static str],
}

const CHANGES: &[Change] = &[
    Change { from: "mode: enforce", to: "mode: observe", proxy: &["OTHER_MODE"], istiod: &["OTHER_MODE"] },
    Change { from: "revision: 1", to: "revision: 2", proxy: &["OTHER_REVISION"], istiod: &["OTHER_REVISION"] },
    Change { from: "path: /hdr/{id}", to: "path: /hdr/of/{id}", proxy: &["OTHER_DIGEST"], istiod: &["OTHER_DIGEST"] },
    Change {
        from: "workflow: movie",
        to: "workflow: film",
        proxy: &["KEY_UNKNOWN", "NO_SIGNING_KEY", "NO_WORKFLOW"],
        istiod: &["KEY_UNKNOWN", "NO_SIGNING_KEY", "NO_WORKFLOW"],
    },
    // The key itself says another name.
    Change {
        from: "kid: movie.k1",
        to: "kid: movie.k2",
        proxy: &["KEY_NOT_HELD", "KEY_UNKNOWN", "NOT_IN_FORCE", "NO_CONFIG"],
        istiod: &["KEY_UNKNOWN"],
    },
    Change { from: "    interlock:", to: "    interlokc:", proxy: &["NO_CONFIG"], istiod: &["NO_CONFIG"] },
    // The variable is not handed to the module, though the proxy has it.
    Change {
        from: "    - name: STEPGATE_KEY_MOVIE_K1\n      valueFrom: HOST\n",
        to: "",
        proxy: &["KEY_NOT_HELD"],
        istiod: &[],
    },
    Change { from: "mode: STRICT", to: "mode: PERMISSIVE", proxy: &["NO_MTLS"], istiod: &["NO_MTLS"] },
    Change { from: "FAIL_CLOSE", to: "FAIL_OPEN", proxy: &["FAILS_OPEN"], istiod: &["FAILS_OPEN"] },
];

fn set(kinds: &[&str]) -> Gaps {
    kinds.iter().map(|kind| (*kind).to_owned()).collect()
}

/// Waits until a proxy and istiod tell these gaps and no others.
fn told(bed: &Bed, doctor: &Doctor, of: &Workload, what: &str, proxy: &[&str], istiod: &[&str]) -> Result<()> {
    let name = format!("{}.movie", of.name());
    let wanted = (set(proxy), set(istiod));
    until(SOON, what, || {
        let told = (doctor.of_proxy(of.host())?, doctor.of_istiod(bed, &name)?);
        if told == wanted { Ok(Some(())) } else { Err(Error::new(format!("the doctor tells {told:?}"))) }
    })
}

pub(crate) fn clean(bed: &mut Bed) -> Result<()> {
    let doctor = Doctor::new(bed)?;
    for name in ACTORS {
        let pod = bed.pod(name);
        told(bed, &doctor, pod, name, &[], &[])?;
    }
    let mesh = doctor.of_mesh(bed)?;
    assert_eq!((kinds(&mesh), mesh["proxies"].as_array().map(Vec::len)), (set(&[]), Some(ACTORS.len())));
    Ok(())
}

pub(crate) fn changes(bed: &mut Bed) -> Result<()> {
    let doctor = Doctor::new(bed)?;
    let pod = bed.pod("vfx-1");
    for Change { from, to, proxy, istiod } in CHANGES {
        bed.apply_changed(from, to)?;
        told(bed, &doctor, pod, &format!("`{}` to be missed", from.trim()), proxy, istiod)?;
        // People are told what to do.
        let said = doctor.tells(pod.host(), &[])?;
        for kind in *proxy {
            let advice = said.split_once(&format!("proxy: {kind}: ")).and_then(|(_, rest)| rest.lines().nth(1));
            assert!(advice.is_some_and(|line| line.starts_with("  = do: ")), "{kind}: {said}");
        }
        bed.apply_original()?;
        told(bed, &doctor, pod, &format!("`{}` to be back", from.trim()), &[], &[])?;
    }
    // The mesh is well, and another module is wanted.
    let said = doctor.tells(pod.host(), &["--module-version", "9.9.9"])?;
    assert!(said.contains("proxy: OTHER_VERSION: its module is version 0.1.0, not 9.9.9"), "{said}");
    Ok(())
}

/// istiod knows what it sent; what became of the module, only the proxy does.
pub(crate) fn modules(bed: &mut Bed) -> Result<()> {
    let doctor = Doctor::new(bed)?;
    let pinned = bed.compat.digest.clone();
    bed.apply_changed(&pinned, &"f".repeat(64))?;
    told(bed, &doctor, bed.pod("vfx-1"), "the module to be missed", &["NOT_FETCHED"], &[])?;
    bed.apply_original()?;
    told(bed, &doctor, bed.pod("vfx-1"), "the module to be back", &[], &[])?;
    // One that does nothing but trap never says a word.
    let traps = push(&bed.cluster, "traps-for-the-doctor", &Image::artifact(TRAP))?;
    bed.apply_module(&traps)?;
    told(bed, &doctor, bed.pod("vfx-1"), "the module's silence", &["KEY_NOT_HELD", "OTHER_VERSION"], &[])?;
    bed.apply_original()?;
    bed.await_enforcement()?;
    told(bed, &doctor, bed.pod("vfx-1"), "the module to speak again", &[], &[])
}

/// A workload that was started without its Secret, and then is not well, and then not there.
pub(crate) fn a_pod_that_is_not_well(bed: &mut Bed) -> Result<()> {
    let doctor = Doctor::new(bed)?;
    let mut late = bed.cluster.pod(Pod::named("late").namespace("movie").service_account("vfx-1"))?;
    told(bed, &doctor, &late, "the Secret to be missed", &["KEY_NOT_HELD", "NOT_IN_FORCE", "NO_CONFIG"], &[])?;
    // As a proxy does that is about to end.
    let drain = b"POST /healthcheck/fail HTTP/1.1\r\nhost: admin\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    late.raw(([127, 0, 0, 1], 15000).into(), drain)?;
    told(bed, &doctor, &late, "the end to be near", &["KEY_NOT_HELD", "NOT_IN_FORCE", "NOT_LIVE", "NO_CONFIG"], &[])?;
    late.stop_proxy()?;
    assert_eq!(doctor.of_proxy(late.host())?, set(&["NO_ANSWER"]));
    until(SOON, "istiod to know no more of it", || Ok(doctor.of_istiod(bed, "late.movie").is_err().then_some(())))?;
    bed.cluster.remove(late)
}

/// A listener that the proxy does not take: another owner's filter, with a script that is none.
const REFUSED: &str = r#"
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: broken, namespace: movie}
spec:
  workloadSelector: {labels: {app: vfx-1}}
  configPatches:
  - applyTo: HTTP_FILTER
    match: {context: SIDECAR_INBOUND}
    patch:
      operation: INSERT_FIRST
      value:
        name: broken
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua
          default_source_code: {inline_string: "this is no script"}
"#;

pub(crate) fn a_listener_refused(bed: &mut Bed) -> Result<()> {
    let doctor = Doctor::new(bed)?;
    let pod = bed.pod("vfx-1");
    bed.cluster.apply_text(REFUSED)?;
    told(bed, &doctor, pod, "the refusal", &["LISTENER_REFUSED"], &["NOT_SYNCED"])?;
    // Both say why.
    let mesh = doctor.of_mesh(bed)?.to_string();
    for said in [doctor.tells(pod.host(), &[])?, mesh] {
        assert!(said.contains("script load error"), "{said}");
    }
    bed.cluster.kubectl(&["delete", "--namespace", "movie", "envoyfilter", "broken"])?;
    told(bed, &doctor, pod, "the listener to be taken", &[], &[])
}

pub(crate) fn no_gate(bed: &mut Bed) -> Result<()> {
    let doctor = Doctor::new(bed)?;
    let intrude = || bed.call("vfx-3", "vfx-1", &post("/shots/doctor")).map(|answer| answer.status);
    bed.cluster.kubectl(&["delete", "--namespace", "movie", "wasmplugin", "stepgate"])?;
    told(bed, &doctor, bed.pod("vfx-1"), "the gate to be missed", &["NO_GATE"], &["NO_GATE"])?;
    assert_eq!(intrude()?, 403, "the interlock is there");
    // Without the interlock the next request goes by.
    let policy = ["--namespace", "movie", "authorizationpolicy", "stepgate-vfx-1-interlock"];
    bed.cluster.kubectl(&[&["delete"], policy.as_slice()].concat())?;
    until(SOON, "a request to go by", || Ok((intrude()? == 200).then_some(())))?;
    told(bed, &doctor, bed.pod("vfx-1"), "that request to be told", &["NO_GATE", "UNFILTERED"], &["NO_GATE"])?;
    bed.apply_original()?;
    bed.await_enforcement()?;
    // It is remembered until the proxy restarts.
    told(bed, &doctor, bed.pod("vfx-1"), "the gate to be back", &["UNFILTERED"], &[])?;
    let (cluster, pod) = bed.pod_mut("vfx-1");
    pod.stop_proxy()?;
    pod.start_proxy(cluster)?;
    told(bed, &doctor, bed.pod("vfx-1"), "the proxy to have restarted", &[], &[])
}

pub(crate) fn without_istiod(bed: &mut Bed) -> Result<()> {
    let doctor = Doctor::new(bed)?;
    bed.cluster.stop_istiod()?;
    let (code, said) = doctor.of_istiod_away(bed)?;
    let of_proxy = doctor.of_proxy(bed.pod("vfx-1").host());
    bed.cluster.start_istiod()?;
    assert!(code == Some(3) && said.contains("istiod: "), "{code:?} {said}");
    assert_eq!(of_proxy?, set(&[]));
    // Its webhook follows a moment after it.
    until(SOON, "istiod to take what is applied", || bed.apply_original().map(Some))?;
    until(SOON, "every proxy to be back", || {
        let mesh = doctor.of_mesh(bed)?;
        let proxies = mesh["proxies"].as_array().map(Vec::len);
        Ok((kinds(&mesh).is_empty() && proxies == Some(ACTORS.len())).then_some(()))
    })
}
