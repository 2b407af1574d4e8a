//! Gates on the outbound side, as `stepgate render istio --outbound` writes them: moved to under load, in force, and off.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use stepgate_cluster_tests::{Cluster, Error, Pod, Result, Workload, until};

use crate::doctor_command::Doctor;
use crate::fixture::Fixture;
use crate::mixed_protocols::{MixedProtocols, TCP};
use crate::requests::{INTERLOCK_HEADER, SOON, STEP, code, post, step};

/// Requests to the collector that may leave.
const SETTINGS: &str = "egress: [{host: collector.ops.svc.cluster.local, methods: [POST], path: \"/v1/{rest}\"}]\n";
/// The gate of the baker's own requests, as Istio names it in the proxy.
const GATE: &str = "bakery.outbound-stepgate-baker";

pub(crate) fn comes_into_force(fixture: &mut Fixture) -> Result<()> {
    let module = fixture.compat.clone();
    let collector = fixture.collector()?;
    fixture.pods_of_others.push(collector);
    let (cluster, mixed) = fixture.mixed()?;
    let settings = mixed.tree.write("settings.yaml", SETTINGS)?;
    mixed.tree.render_with(&["--tcp-port", &TCP.to_string(), "--outbound", "--gate", &settings]);
    mixed.tree.render(&module)?;
    let mixed = &*mixed;
    let over = AtomicBool::new(false);
    let load = || {
        let mut count = 0_u32;
        while !over.load(Ordering::SeqCst) {
            let answer = mixed.call(cluster, &post("/loaves/load"))?;
            if answer.status != 200 {
                let said = String::from_utf8_lossy(&answer.body).into_owned();
                return Err(Error::new(format!("{} {:?} after {count}: {said}", answer.status, code(&answer))));
            }
            count += 1;
        }
        Ok(count)
    };
    std::thread::scope(|scope| {
        let permitted = scope.spawn(load);
        let moved = ["observe", "strict", "enforce"].into_iter().try_for_each(|stage| {
            mixed.tree.apply(cluster, &format!("stages/{stage}"))?;
            let mode = if stage == "enforce" { "enforce" } else { "observe" };
            until_mode(mixed, mode, stage == "strict")
        });
        over.store(true, Ordering::SeqCst);
        let permitted = permitted.join().expect("a thread");
        moved?;
        let permitted = permitted?;
        println!("        {permitted} requests permitted meanwhile");
        assert!(permitted > 20, "hardly any load");
        Ok::<_, Error>(())
    })
}

/// Waits until the baker's outbound gate has this mode, and logs permits or not.
fn until_mode(mixed: &MixedProtocols, mode: &str, permits: bool) -> Result<()> {
    let arrived = until(SOON, &format!("the outbound gate's mode {mode}"), || {
        let dump = mixed.baker.envoy_admin("config_dump?resource=ecds_filters")?.replace(['\\', ' '], "");
        let gate = dump.split("\"ecds_filter\"").find(|filter| filter.contains(GATE)).unwrap_or_default();
        let fits = gate.contains(&format!("\"mode\":\"{mode}\"")) && gate.contains("\"permits\":true") == permits;
        Ok(fits.then_some(()))
    });
    arrived.map_err(|error| mixed.baker.explain(error))
}

pub(crate) fn keeps_requests_in(fixture: &mut Fixture) -> Result<()> {
    let collector = (fixture.cluster.service("collector", "ops")?, fixture.other("collector").address());
    let outsider = fixture.cluster.service("vfx-1", "movie")?;
    let (seen, movie) = (fixture.other("collector").count(), fixture.pod("vfx-1").count());
    let (cluster, mixed) = fixture.mixed()?;
    // A transition, whose step the receiver's own gate gives.
    let begun = mixed.call(cluster, &post("/loaves/1"))?;
    let token = step(&begun)?;
    // What the list has leaves, without a step and without the secret of the interlock.
    let listed = "collector.ops.svc.cluster.local";
    let call = |to: SocketAddr, host: &str, path: &str| {
        let request = post(path).header(STEP, &*token).header(INTERLOCK_HEADER, "anything");
        mixed.baker.call_at(to, host, &request)
    };
    until(SOON, "the collector to be reached", || {
        let answer = call(collector.0, listed, "/v1/traces")?;
        let seen = answer.seen().filter(|_| answer.status == 200);
        Ok(seen.map(|seen| assert!(seen.header(STEP).chain(seen.header(INTERLOCK_HEADER)).next().is_none())))
    })?;
    let seen = (fixture.other("collector").count(), seen);
    assert!(seen.0 > seen.1);
    let (cluster, mixed) = fixture.mixed()?;
    let call =
        |to: SocketAddr, host: &str, path: &str| mixed.baker.call_at(to, host, &post(path).header(STEP, &*token));
    // Other paths of the listed host.
    for path in ["/v2/traces", "/v1/traces/../../admin"] {
        let answer = call(collector.0, listed, path)?;
        assert_eq!(answer.status, 403, "{path}: {:?}", code(&answer));
    }
    // A step that another workload holds.
    let answer = call(cluster.service("oven", "bakery")?, "oven.bakery.svc.cluster.local", "/loaves/2")?;
    assert_eq!((answer.status, code(&answer).as_deref()), (403, Some("WRONG_HOLDER")));
    // A service of the mesh that is neither a receiver nor listed; a pod's own address, with a listed host and with its own.
    for (to, host) in [
        (outsider, "vfx-1.movie.svc.cluster.local"),
        (collector.1, listed),
        (collector.1, &collector.1.to_string()),
        (outsider, &outsider.to_string()),
    ] {
        let answer = call(to, host, "/v2/traces").map_or(0, |answer| answer.status);
        assert!(answer == 0 || answer >= 400, "{to} {host}: {answer}");
    }
    // Without HTTP, to a service that is no receiver.
    let bytes = mixed.baker.raw(collector.0, b"no request of HTTP\r\n\r\n").unwrap_or_default();
    assert!(!String::from_utf8_lossy(&bytes).starts_with("HTTP/1.1 200"));
    assert_eq!(fixture.other("collector").count(), seen.0);
    assert_eq!(fixture.pod("vfx-1").count(), movie);
    Ok(())
}

/// A rule of another owner, by which the listed host leads to any address.
const PASSTHROUGH: &str = "
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: to-any-address, namespace: ops}
spec: {host: collector.ops.svc.cluster.local, trafficPolicy: {loadBalancer: {simple: PASSTHROUGH}}}
";

/// The doctor compares the outbound gate with its configuration, and looks at where its clusters lead.
pub(crate) fn leads_to_its_hosts(fixture: &mut Fixture) -> Result<()> {
    let doctor = Doctor::new(fixture)?;
    let gate = ["get", "wasmplugin", "--namespace", "bakery", "outbound-stepgate-baker"];
    let configuration = fixture.cluster.kubectl(&[&gate[..], &["--output=jsonpath={.spec.pluginConfig}"]].concat())?;
    doctor.expect(&configuration)?;
    let (cluster, mixed) = fixture.mixed()?;
    let until_found = |what: &str, expected: &[&str]| {
        until(SOON, what, || {
            let found: Vec<String> = doctor.of_proxy(mixed.baker.host())?.into_iter().collect();
            if found == expected { Ok(Some(())) } else { Err(Error::new(format!("the doctor finds {found:?}"))) }
        })
    };
    until_found("a clean outbound gate", &[])?;
    cluster.apply_text(PASSTHROUGH)?;
    let found = until_found("a cluster to any address", &["ANY_ADDRESS"]);
    cluster.kubectl(&["delete", "--namespace", "ops", "destinationrule", "to-any-address"])?;
    found?;
    until_found("a clean outbound gate again", &[])
}

pub(crate) fn goes_again(fixture: &mut Fixture) -> Result<()> {
    let module = fixture.compat.clone();
    let collector = fixture.cluster.service("collector", "ops")?;
    let (cluster, mixed) = fixture.mixed()?;
    mixed.tree.apply(cluster, "stages/off")?;
    until(SOON, "requests to leave as before", || {
        let answer = mixed.baker.call_at(collector, "collector.ops.svc.cluster.local", &post("/v2/traces"))?;
        Ok((answer.status == 200).then_some(()))
    })?;
    for kind in ["wasmplugin", "sidecar", "destinationrule"] {
        cluster.kubectl(&["delete", kind, "--all", "--namespace", "bakery"])?;
    }
    mixed.tree.render_with(&["--tcp-port", &TCP.to_string()]);
    mixed.tree.render(&module)?;
    mixed.tree.apply(cluster, "stages/enforce")?;
    mixed.until_decided(cluster)
}

impl Fixture {
    /// A workload of another namespace, without a gate.
    fn collector(&self) -> Result<Workload> {
        let cluster: &Cluster = &self.cluster;
        cluster.namespace("ops")?;
        let pods = cluster.pods([Pod::named("collector").namespace("ops")])?;
        pods.into_iter().next().ok_or_else(|| Error::new("no pod"))
    }

    fn other(&self, name: &str) -> &Workload {
        self.pods_of_others.iter().find(|pod| pod.name() == name).expect("a pod of another owner")
    }
}
