//! Other ways to attach a gate: applied for real, in a namespace of their own, and seen to decide.

use stepgate_cluster_tests::{Cluster, Error, Result, until};

use crate::bed::{Bed, Pushed, SOON, code, post, step};
use crate::yard::{TCP, Yard};

pub(crate) fn to_workloads_and_by_the_newer_api(bed: &mut Bed) -> Result<()> {
    let module = bed.compat.clone();
    let (cluster, yard) = bed.yard()?;
    for (attach, api, gate) in [
        ("workload", "wasm-plugin", "yard.stepgate-oven"),
        ("workload", "traffic-extension", "yard.stepgate-oven"),
        ("namespace", "traffic-extension", "yard.stepgate"),
    ] {
        yard.attach(cluster, &module, attach, api)?;
        yard.decides(cluster, gate).map_err(|error| error.while_doing(format!("{attach}, {api}")))?;
    }
    yard.attach(cluster, &module, "namespace", "wasm-plugin")
}

/// The movie, which the mesh's gate does not know, is closed meanwhile.
pub(crate) fn to_the_mesh(bed: &mut Bed) -> Result<()> {
    let module = bed.compat.clone();
    let (cluster, yard) = bed.yard()?;
    let attached = yard.attach(cluster, &module, "mesh", "traffic-extension");
    let seen = attached.and_then(|()| is_everywhere(bed));
    // Whatever was seen: what comes after must not stand under this gate.
    let (cluster, yard) = bed.yard()?;
    yard.attach(cluster, &module, "namespace", "wasm-plugin")?;
    seen?;
    bed.await_enforcement()?;
    step(&bed.call("owner", "vfx-1", &post("/shots/mesh"))?).map(drop)
}

fn is_everywhere(bed: &mut Bed) -> Result<()> {
    let (cluster, yard) = bed.yard()?;
    yard.decides(cluster, "istio-system.stepgate")?;
    until(SOON, "the mesh's gate to be in the movie, too", || {
        let answer = bed.call("owner", "vfx-1", &post("/shots/mesh"))?;
        Ok((answer.status == 403 && code(&answer).as_deref() == Some("OUTSIDER")).then_some(()))
    })
}

pub(crate) fn tunnels_of_a_task(bed: &mut Bed) -> Result<()> {
    let (cluster, yard) = bed.yard()?;
    let to = cluster.service("oven", "yard")?;
    let ask = |method: &str, path: &str, upgrade: &str| {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: oven.yard.svc.cluster.local\r\nconnection: upgrade\r\nupgrade: {upgrade}\r\n\r\n\
             through the tunnel"
        );
        Ok::<_, Error>(String::from_utf8_lossy(&yard.baker.raw(to, request.as_bytes())?).into_owned())
    };
    let opened = ask("GET", "/watch/1", "websocket")?;
    assert!(opened.starts_with("HTTP/1.1 101") && opened.ends_with("through the tunnel"), "{opened}");
    let before = yard.oven.count();
    // Another protocol than the task's; another task.
    for (method, path, upgrade) in [("GET", "/watch/1", "chat"), ("POST", "/loaves/1", "websocket")] {
        let answer = ask(method, path, upgrade)?;
        assert!(answer.starts_with("HTTP/1.1 403"), "{path} {upgrade}: {answer}");
        assert_eq!(yard.oven.count(), before, "{path} {upgrade}");
    }
    Ok(())
}

impl Yard {
    /// Takes the gates away that are there, and attaches them so.
    fn attach(&mut self, cluster: &Cluster, module: &Pushed, attach: &str, api: &str) -> Result<()> {
        let strict = ["delete", "--namespace", "istio-system", "--ignore-not-found", "peerauthentication", "default"];
        for kind in ["wasmplugin", "trafficextension"] {
            for namespace in ["yard", "istio-system"] {
                cluster.kubectl(&["delete", kind, "--all", "--namespace", namespace])?;
            }
        }
        cluster.kubectl(&strict)?;
        cluster.kubectl(&["delete", "--namespace", "istio-system", "--ignore-not-found", "telemetry", "stepgate"])?;
        self.until_without_gate(cluster)?;
        self.tree.render_with(&["--tcp-port", &TCP.to_string(), "--attach", attach, "--api", api]);
        self.tree.render(module)?;
        self.tree.apply(cluster, "stages/enforce")?;
        self.until_decided(cluster)
    }

    /// Lets in what begins, denies what does not, and is the gate of this name.
    fn decides(&self, cluster: &Cluster, gate: &str) -> Result<()> {
        step(&self.call(cluster, &post("/loaves/2"))?)?;
        let before = self.baker.count();
        // Until then the interlock alone refuses.
        until(SOON, "the baker's gate to decide, too", || {
            let answer = self.oven.call(cluster, "baker", &post("/loaves/2"))?;
            Ok((answer.status == 403 && code(&answer).is_some()).then_some(()))
        })?;
        assert_eq!(self.baker.count(), before);
        let dump = self.oven.envoy_admin("config_dump?resource=ecds_filters")?;
        assert!(dump.contains(gate), "no gate `{gate}` in {dump}");
        Ok(())
    }
}
