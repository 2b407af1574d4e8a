//! A small mesh of one more owner, for changes that must not affect the movie: a workload that also has a port without
//! HTTP, and a task that is a tunnel.

use std::net::SocketAddr;

use stepgate_cluster_tests::{Cluster, Error, Pod, Programs, Request, Response, Result, Workload, until};

use crate::module::Pushed;
use crate::requests::{SOON, code, post};
use crate::tree::Tree;

/// The port of the oven that does not speak HTTP.
pub(crate) const TCP: u16 = 9000;

const DOCUMENT: &str = r#"
workflow: bread
revision: 1
trust_domain: cluster.local
actors:
  baker: {spiffe: [ns/bakery/sa/baker], hosts: [baker.bakery.svc.cluster.local]}
  oven: {spiffe: [ns/bakery/sa/oven], hosts: [oven.bakery.svc.cluster.local]}
tasks:
  knead: {actor: baker, initial: true}
  bake: {actor: oven, requests: [{methods: [POST], path: "/loaves/{id}"}]}
  watch: {actor: oven, requests: [{methods: [GET], path: "/watch/{id}"}], upgrade: [websocket]}
transitions:
  - {from: knead, to: bake}
  - {from: knead, to: watch}
"#;

pub(crate) struct MixedProtocols {
    pub(crate) tree: Tree,
    pub(crate) baker: Workload,
    pub(crate) oven: Workload,
}

impl MixedProtocols {
    pub(crate) fn start(cluster: &Cluster, programs: &Programs, module: &Pushed) -> Result<Self> {
        cluster.namespace("bakery")?;
        let mut tree = Tree::of(programs, &[("bread", DOCUMENT)])?;
        tree.render_with(&["--tcp-port", &TCP.to_string()]);
        tree.generate_secrets()?;
        tree.render(module)?;
        tree.apply(cluster, "stages/enforce")?;
        let pod = |name: &str| Pod::named(name).namespace("bakery").env_from_secret(&format!("stepgate-{name}"));
        let pods = cluster.pods([pod("baker"), pod("oven").tcp_port(TCP)])?;
        let [baker, oven] = pods.try_into().map_err(|_| Error::new("two pods"))?;
        let mixed = Self { tree, baker, oven };
        mixed.until_decided(cluster)?;
        Ok(mixed)
    }

    pub(crate) fn into_pods(self) -> Vec<Workload> {
        vec![self.baker, self.oven]
    }

    pub(crate) fn call(&self, cluster: &Cluster, request: &Request) -> Result<Response> {
        self.baker.call(cluster, "oven", request)
    }

    /// Waits until the oven's gate itself denies a request that no task accepts.
    pub(crate) fn until_decided(&self, cluster: &Cluster) -> Result<()> {
        self.until_code(cluster, "the oven's gate to decide", Some("WRONG_REQUEST"))
    }

    /// Waits until only the oven's interlock refuses.
    pub(crate) fn until_without_gate(&self, cluster: &Cluster) -> Result<()> {
        self.until_code(cluster, "the oven's gate to be gone", None)
    }

    fn until_code(&self, cluster: &Cluster, what: &str, expected: Option<&str>) -> Result<()> {
        let came = until(SOON, what, || {
            let answer = self.call(cluster, &post("/nothing-of-the-workflow"))?;
            match answer.status == 403 && code(&answer).as_deref() == expected {
                true => Ok(Some(())),
                false => Err(Error::new(format!("{} {:?}", answer.status, code(&answer)))),
            }
        });
        came.map_err(|error| self.oven.explain(error))
    }

    /// The answer of the port that does not speak HTTP, through the oven's Service.
    pub(crate) fn echo(&self, cluster: &Cluster) -> Result<String> {
        let to = SocketAddr::new(cluster.service("oven", "bakery")?.ip(), TCP);
        let bytes = self.baker.raw(to, b"no request of HTTP").unwrap_or_default();
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}
