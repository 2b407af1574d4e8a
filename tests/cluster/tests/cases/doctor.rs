//! `stepgate doctor` in a real mesh: it finds nothing in a correct mesh, and reports each fault from the proxy, from istiod,
//! or from both.

use stepgate_cluster_tests::{Error, Image, Pod, Result, Workload, until};

use crate::doctor_command::{Doctor, Findings, kinds};
use crate::fixture::{ACTORS, Fixture};
use crate::life::TRAP;
use crate::module::push;
use crate::requests::{SOON, post};

/// A change of the manifest, and what the doctor finds: at vfx-1's own proxy, and at istiod.
struct Change {
    from: &'static str,
    to: &'static str,
    proxy: &'static [&'static str],
    istiod: &'static [&'static str],
}

const CHANGES: &[Change] = &[
    Change { from: "mode: enforce", to: "mode: observe", proxy: &["OTHER_MODE"], istiod: &["OTHER_MODE"] },
    Change { from: "revision: 1", to: "revision: 2", proxy: &["OTHER_REVISION"], istiod: &["OTHER_REVISION"] },
    Change {
        from: "requests: POST /hdr/{id}",
        to: "requests: POST /hdr/of/{id}",
        proxy: &["OTHER_DIGEST"],
        istiod: &["OTHER_DIGEST"],
    },
    Change {
        from: "workflow: movie",
        to: "workflow: film",
        proxy: &["KEY_UNKNOWN", "NO_SIGNING_KEY", "NO_WORKFLOW", "SURPLUS_WORKFLOW"],
        istiod: &["KEY_UNKNOWN", "NO_SIGNING_KEY", "NO_WORKFLOW", "SURPLUS_WORKFLOW"],
    },
    // The key itself has another name.
    Change {
        from: "kid: movie.k1",
        to: "kid: movie.k2",
        proxy: &["KEY_NOT_HELD", "KEY_UNKNOWN", "NOT_IN_FORCE", "NO_CONFIG", "SURPLUS_KEY"],
        istiod: &["KEY_UNKNOWN", "SURPLUS_KEY"],
    },
    Change { from: "    interlock:", to: "    interlokc:", proxy: &["NO_CONFIG"], istiod: &["NO_CONFIG"] },
    // The proxy has the variable, but the module does not get it.
    Change {
        from: "    - name: STEPGATE_KEY_MOVIE_K1\n      valueFrom: HOST\n",
        to: "",
        proxy: &["KEY_NOT_HELD"],
        istiod: &[],
    },
    Change { from: "mode: STRICT", to: "mode: PERMISSIVE", proxy: &["NO_MTLS"], istiod: &["NO_MTLS"] },
    Change { from: "FAIL_CLOSE", to: "FAIL_OPEN", proxy: &["FAILS_OPEN"], istiod: &["FAILS_OPEN"] },
    Change {
        from: "    interlock:",
        to: "    exempt:\n      - path: /health\n    interlock:",
        proxy: &["SURPLUS_EXEMPTION"],
        istiod: &["SURPLUS_EXEMPTION"],
    },
    Change {
        from: "    interlock:\n      env:\n      - STEPGATE_INTERLOCK_1\n",
        to: "",
        proxy: &["NO_INTERLOCK"],
        istiod: &["NO_INTERLOCK"],
    },
    // A policy on another header.
    Change {
        from: "request.headers[x-stepgate-permit]",
        to: "request.headers[x-any]",
        proxy: &["NO_INTERLOCK"],
        istiod: &["NO_INTERLOCK"],
    },
];

/// Undoes a change of the mesh when it goes out of scope, also if a check has failed before.
struct Undo<'f, F: Fn(&'f Fixture) -> Result<()>>(&'f Fixture, F);

impl<'f, F: Fn(&'f Fixture) -> Result<()>> Drop for Undo<'f, F> {
    fn drop(&mut self) {
        if let Err(error) = self.1(self.0) {
            println!("a change of the mesh is not undone: {error}");
        }
    }
}

/// A manifest beside the movie's, as long as the value lives.
fn applied<'f>(fixture: &'f Fixture, text: &str, object: &'static str) -> Result<impl Drop + use<'f>> {
    let delete = |fixture: &'f Fixture| {
        let delete = ["delete", "--namespace", "movie", "--ignore-not-found", object];
        fixture.cluster.kubectl(&delete).map(drop)
    };
    let undo = Undo(fixture, delete);
    fixture.cluster.apply_text(text)?;
    Ok(undo)
}

/// The movie's own manifest is applied again in the end.
fn restored(fixture: &Fixture) -> impl Drop + use<'_> {
    Undo(fixture, Fixture::apply_original)
}

/// A pod beside the movie's, as long as the value lives.
struct Beside<'f>(&'f Fixture, Option<Workload>);

impl Drop for Beside<'_> {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.1.take().map(|pod| self.0.cluster.remove(pod)) {
            println!("a pod is not removed: {error}");
        }
    }
}

fn set(kinds: &[&str]) -> Findings {
    kinds.iter().map(|kind| (*kind).to_owned()).collect()
}

/// Waits until the doctor finds exactly this at a proxy and at istiod.
fn until_found(
    fixture: &Fixture,
    doctor: &Doctor,
    of: &Workload,
    what: &str,
    proxy: &[&str],
    istiod: &[&str],
) -> Result<()> {
    let name = format!("{}.movie", of.name());
    let expected = (set(proxy), set(istiod));
    until(SOON, what, || {
        let found = (doctor.of_proxy(of.host())?, doctor.of_istiod(fixture, &name)?);
        if found == expected { Ok(Some(())) } else { Err(Error::new(format!("the doctor finds {found:?}"))) }
    })
}

pub(crate) fn clean(fixture: &mut Fixture) -> Result<()> {
    let doctor = Doctor::new(fixture)?;
    for name in ACTORS {
        let pod = fixture.pod(name);
        until_found(fixture, &doctor, pod, name, &[], &[])?;
    }
    let mesh = doctor.of_mesh(fixture)?;
    assert_eq!((kinds(&mesh), mesh["proxies"].as_array().map(Vec::len)), (set(&[]), Some(ACTORS.len())));
    Ok(())
}

pub(crate) fn changes(fixture: &mut Fixture) -> Result<()> {
    let doctor = Doctor::new(fixture)?;
    let pod = fixture.pod("vfx-1");
    let _restored = restored(fixture);
    for Change { from, to, proxy, istiod } in CHANGES {
        fixture.apply_changed(from, to)?;
        until_found(fixture, &doctor, pod, &format!("`{}` to be found", from.trim()), proxy, istiod)?;
        // Each finding comes with advice.
        let said = doctor.text_of_proxy(pod.host(), &[])?;
        for kind in *proxy {
            let advice = said.split_once(&format!("proxy: {kind}: ")).and_then(|(_, rest)| rest.lines().nth(1));
            assert!(advice.is_some_and(|line| line.starts_with("  = do: ")), "{kind}: {said}");
        }
        fixture.apply_original()?;
        until_found(fixture, &doctor, pod, &format!("`{}` to be back", from.trim()), &[], &[])?;
    }
    // The mesh is correct, but another version of the module is expected.
    let said = doctor.text_of_proxy(pod.host(), &["--module-version", "9.9.9"])?;
    assert!(said.contains("proxy: OTHER_VERSION: its module is version 0.1.0, not 9.9.9"), "{said}");
    Ok(())
}

/// istiod only knows the configuration that it sent; the proxy knows whether the module runs.
pub(crate) fn modules(fixture: &mut Fixture) -> Result<()> {
    let doctor = Doctor::new(fixture)?;
    let pinned = fixture.compat.digest.clone();
    let _restored = restored(fixture);
    fixture.apply_changed(&pinned, &"f".repeat(64))?;
    until_found(fixture, &doctor, fixture.pod("vfx-1"), "the missing module to be found", &["NOT_FETCHED"], &[])?;
    fixture.apply_original()?;
    until_found(fixture, &doctor, fixture.pod("vfx-1"), "the module to run again", &[], &[])?;
    // A module that traps in every call writes no log line.
    let traps = push(&fixture.cluster, "traps-for-the-doctor", &Image::artifact(TRAP)?)?;
    fixture.apply_module(&traps)?;
    until_found(
        fixture,
        &doctor,
        fixture.pod("vfx-1"),
        "the silent module to be found",
        &["KEY_NOT_HELD", "OTHER_VERSION"],
        &[],
    )?;
    fixture.apply_original()?;
    fixture.await_enforcement()?;
    until_found(fixture, &doctor, fixture.pod("vfx-1"), "the module to run again", &[], &[])
}

/// A workload that starts without its Secret, then drains, then is gone. The interlock's policy does not select it, since
/// its label is another.
pub(crate) fn a_pod_that_is_not_well(fixture: &mut Fixture) -> Result<()> {
    let doctor = Doctor::new(fixture)?;
    let late = fixture.cluster.pod(Pod::named("late").namespace("movie").service_account("vfx-1"))?;
    let mut beside = Beside(fixture, Some(late));
    let late = beside.1.as_mut().expect("it runs");
    until_found(
        fixture,
        &doctor,
        late,
        "the missing Secret to be found",
        &["KEY_NOT_HELD", "NOT_IN_FORCE", "NO_CONFIG", "NO_INTERLOCK"],
        &["NO_INTERLOCK"],
    )?;
    // As a proxy does before it ends.
    let drain = b"POST /healthcheck/fail HTTP/1.1\r\nhost: admin\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    late.raw(([127, 0, 0, 1], 15000).into(), drain)?;
    until_found(
        fixture,
        &doctor,
        late,
        "the drain to be found",
        &["KEY_NOT_HELD", "NOT_IN_FORCE", "NOT_LIVE", "NO_CONFIG", "NO_INTERLOCK"],
        &["NO_INTERLOCK"],
    )?;
    late.stop_proxy()?;
    assert_eq!(doctor.of_proxy(late.host())?, set(&["NO_ANSWER"]));
    until(SOON, "istiod to forget the pod", || Ok(doctor.of_istiod(fixture, "late.movie").is_err().then_some(())))
}

/// A listener that the proxy rejects: another owner's filter with an invalid script.
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

pub(crate) fn a_listener_refused(fixture: &mut Fixture) -> Result<()> {
    let doctor = Doctor::new(fixture)?;
    let pod = fixture.pod("vfx-1");
    let broken = applied(fixture, REFUSED, "envoyfilter/broken")?;
    until_found(fixture, &doctor, pod, "the refusal to be found", &["LISTENER_REFUSED"], &["NOT_SYNCED"])?;
    // Both reports contain the reason.
    let mesh = doctor.of_mesh(fixture)?.to_string();
    for said in [doctor.text_of_proxy(pod.host(), &[])?, mesh] {
        assert!(said.contains("script load error"), "{said}");
    }
    drop(broken);
    until_found(fixture, &doctor, pod, "the listener to be accepted", &[], &[])
}

/// Other owners' objects: a filter after the gate, and a route that repeats requests to an actor.
const AFTER: &str = r#"
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: after, namespace: movie}
spec:
  workloadSelector: {labels: {app: vfx-1}}
  configPatches:
  - applyTo: HTTP_FILTER
    match: {context: SIDECAR_INBOUND, listener: {filterChain: {filter: {name: envoy.filters.network.http_connection_manager, subFilter: {name: envoy.filters.http.router}}}}}
    patch:
      operation: INSERT_BEFORE
      value:
        name: after
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation
          mutations: {request_mutations: [{append: {header: {key: x-any, value: a}}}]}
"#;
const REPEATS: &str = r#"
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: repeats, namespace: movie}
spec:
  hosts: [vfx-2]
  http:
  - route: [{destination: {host: vfx-2}}]
    retries: {attempts: 3, retryOn: 5xx}
"#;

pub(crate) fn what_others_add(fixture: &mut Fixture) -> Result<()> {
    let doctor = Doctor::new(fixture)?;
    let pod = fixture.pod("vfx-1");
    for (text, object, kind) in
        [(AFTER, "envoyfilter/after", "CHANGED_AFTER_GATE"), (REPEATS, "virtualservice/repeats", "RETRIES")]
    {
        let added = applied(fixture, text, object)?;
        until_found(fixture, &doctor, pod, &format!("{object} to be found"), &[kind], &[kind])?;
        drop(added);
        until_found(fixture, &doctor, pod, &format!("{object} to be gone"), &[], &[])?;
    }
    Ok(())
}

/// Without a file the doctor takes the document of the gates.
pub(crate) fn without_a_file(fixture: &mut Fixture) -> Result<()> {
    let doctor = Doctor::new(fixture)?;
    let report = doctor.of_mesh_alone(fixture)?;
    let workflows = report["workflows"].as_array().cloned().unwrap_or_default();
    let taken: Vec<_> = workflows.iter().filter_map(|workflow| workflow["taken_from"].as_str()).collect();
    assert!(matches!(taken[..], [taken] if taken.contains(".movie and 4 more, the highest revision")), "{report}");
    assert_eq!((kinds(&report), report["proxies"].as_array().map(Vec::len)), (set(&[]), Some(ACTORS.len())));
    for proxy in report["proxies"].as_array().into_iter().flatten() {
        assert_eq!(kinds(proxy), set(&[]), "{proxy}");
    }
    Ok(())
}

pub(crate) fn no_gate(fixture: &mut Fixture) -> Result<()> {
    let doctor = Doctor::new(fixture)?;
    without_the_gate(fixture, &doctor)?;
    fixture.await_enforcement()?;
    // The proxy counts that request until it restarts.
    until_found(fixture, &doctor, fixture.pod("vfx-1"), "the gate to be back", &["UNFILTERED"], &[])?;
    let (cluster, pod) = fixture.pod_mut("vfx-1");
    pod.stop_proxy()?;
    pod.start_proxy(cluster)?;
    until_found(fixture, &doctor, fixture.pod("vfx-1"), "the proxy to have restarted", &[], &[])
}

fn without_the_gate(fixture: &Fixture, doctor: &Doctor) -> Result<()> {
    let _restored = restored(fixture);
    let intrude = || fixture.call("vfx-3", "vfx-1", &post("/shots/doctor")).map(|answer| answer.status);
    fixture.cluster.kubectl(&["delete", "--namespace", "movie", "wasmplugin", "stepgate"])?;
    until_found(fixture, doctor, fixture.pod("vfx-1"), "the missing gate to be found", &["NO_GATE"], &["NO_GATE"])?;
    assert_eq!(intrude()?, 403, "the interlock still refuses");
    // Without the interlock the next request reaches the application.
    let policy = ["--namespace", "movie", "authorizationpolicy", "stepgate-vfx-1-interlock"];
    fixture.cluster.kubectl(&[&["delete"], policy.as_slice()].concat())?;
    until(SOON, "a request to reach the application", || Ok((intrude()? == 200).then_some(())))?;
    until_found(
        fixture,
        doctor,
        fixture.pod("vfx-1"),
        "that request to be found",
        &["NO_GATE", "NO_INTERLOCK", "UNFILTERED"],
        &["NO_GATE", "NO_INTERLOCK"],
    )
}

pub(crate) fn without_istiod(fixture: &mut Fixture) -> Result<()> {
    let doctor = Doctor::new(fixture)?;
    fixture.cluster.stop_istiod()?;
    let of_istiod = doctor.of_istiod_away(fixture);
    let of_proxy = doctor.of_proxy(fixture.pod("vfx-1").host());
    fixture.cluster.start_istiod()?;
    let (code, said) = of_istiod?;
    assert!(code == Some(3) && said.contains("istiod: "), "{code:?} {said}");
    assert_eq!(of_proxy?, set(&[]));
    // Its webhook answers a moment later.
    until(SOON, "istiod to accept the manifest", || fixture.apply_original().map(Some))?;
    until(SOON, "every proxy to be back", || {
        let mesh = doctor.of_mesh(fixture)?;
        let proxies = mesh["proxies"].as_array().map(Vec::len);
        Ok((kinds(&mesh).is_empty() && proxies == Some(ACTORS.len())).then_some(()))
    })
}
