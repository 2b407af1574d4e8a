//! The other ways to attach a gate: each is applied in a namespace of its own, where the gate must decide.

use stepgate_cluster_tests::{Cluster, Error, Result, until};

use crate::fixture::Fixture;
use crate::mixed_protocols::{MixedProtocols, TCP};
use crate::module::Pushed;
use crate::requests::{SOON, code, post, step};

pub(crate) fn to_workloads_and_by_the_newer_api(fixture: &mut Fixture) -> Result<()> {
    let module = fixture.compat.clone();
    let (cluster, mixed) = fixture.mixed()?;
    for (attach, api, gate) in [
        ("workload", "wasm-plugin", "bakery.stepgate-oven"),
        ("workload", "traffic-extension", "bakery.stepgate-oven"),
        ("namespace", "traffic-extension", "bakery.stepgate"),
    ] {
        mixed.attach(cluster, &module, attach, api)?;
        mixed.decides(cluster, gate).map_err(|error| error.while_doing(format!("{attach}, {api}")))?;
    }
    mixed.attach(cluster, &module, "namespace", "wasm-plugin")
}

/// The mesh's gate does not know the movie, so it denies the movie's requests meanwhile.
pub(crate) fn to_the_mesh(fixture: &mut Fixture) -> Result<()> {
    let module = fixture.compat.clone();
    let (cluster, mixed) = fixture.mixed()?;
    let attached = mixed.attach(cluster, &module, "mesh", "traffic-extension");
    let seen = attached.and_then(|()| is_everywhere(fixture));
    // In any case: this gate must not decide in the cases after this one.
    let (cluster, mixed) = fixture.mixed()?;
    mixed.attach(cluster, &module, "namespace", "wasm-plugin")?;
    seen?;
    fixture.await_enforcement()?;
    step(&fixture.call("owner", "vfx-1", &post("/shots/mesh"))?).map(drop)
}

fn is_everywhere(fixture: &mut Fixture) -> Result<()> {
    let (cluster, mixed) = fixture.mixed()?;
    mixed.decides(cluster, "istio-system.stepgate")?;
    until(SOON, "the mesh's gate to be in the movie, too", || {
        let answer = fixture.call("owner", "vfx-1", &post("/shots/mesh"))?;
        Ok((answer.status == 403 && code(&answer).as_deref() == Some("OUTSIDER")).then_some(()))
    })
}

pub(crate) fn tunnels_of_a_task(fixture: &mut Fixture) -> Result<()> {
    let (cluster, mixed) = fixture.mixed()?;
    let to = cluster.service("oven", "bakery")?;
    let ask = |method: &str, path: &str, upgrade: &str| {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: oven.bakery.svc.cluster.local\r\nconnection: upgrade\r\nupgrade: {upgrade}\r\n\r\n\
             through the tunnel"
        );
        Ok::<_, Error>(String::from_utf8_lossy(&mixed.baker.raw(to, request.as_bytes())?).into_owned())
    };
    let opened = ask("GET", "/watch/1", "websocket")?;
    assert!(opened.starts_with("HTTP/1.1 101") && opened.ends_with("through the tunnel"), "{opened}");
    let before = mixed.oven.count();
    // A protocol that the task does not declare; a task that declares none.
    for (method, path, upgrade) in [("GET", "/watch/1", "chat"), ("POST", "/loaves/1", "websocket")] {
        let answer = ask(method, path, upgrade)?;
        assert!(answer.starts_with("HTTP/1.1 403"), "{path} {upgrade}: {answer}");
        assert_eq!(mixed.oven.count(), before, "{path} {upgrade}");
    }
    Ok(())
}

impl MixedProtocols {
    /// Removes the existing gates, and attaches new ones in this way.
    fn attach(&mut self, cluster: &Cluster, module: &Pushed, attach: &str, api: &str) -> Result<()> {
        let strict = ["delete", "--namespace", "istio-system", "--ignore-not-found", "peerauthentication", "default"];
        for kind in ["wasmplugin", "trafficextension"] {
            for namespace in ["bakery", "istio-system"] {
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

    /// The gate of this name permits a start, and denies other requests.
    fn decides(&self, cluster: &Cluster, gate: &str) -> Result<()> {
        step(&self.call(cluster, &post("/loaves/2"))?)?;
        let before = self.baker.count();
        // Until then only the interlock refuses.
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
