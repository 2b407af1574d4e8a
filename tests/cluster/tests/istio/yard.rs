//! A small mesh of one owner, on which things are tried that the movie must not notice: a workload that also has a
//! port without HTTP, and a task that is a tunnel.

use std::net::SocketAddr;

use stepgate_cluster_tests::{Cluster, Error, Pod, Request, Response, Result, Workload, until};

use crate::bed::{Bed, SOON, code, post};
use crate::tree::Tree;

/// The port of the oven that does not speak HTTP.
pub(crate) const TCP: u16 = 9000;

const DOCUMENT: &str = r#"
workflow: bread
revision: 1
trust_domain: cluster.local
actors:
  baker: {spiffe: [ns/yard/sa/baker], hosts: [baker.yard.svc.cluster.local]}
  oven: {spiffe: [ns/yard/sa/oven], hosts: [oven.yard.svc.cluster.local]}
tasks:
  knead: {actor: baker, initial: true}
  bake: {actor: oven, requests: [{methods: [POST], path: "/loaves/{id}"}]}
  watch: {actor: oven, requests: [{methods: [GET], path: "/watch/{id}"}], upgrade: [websocket]}
transitions:
  - {from: knead, to: bake}
  - {from: knead, to: watch}
"#;

pub(crate) struct Yard {
    pub(crate) tree: Tree,
    pub(crate) baker: Workload,
    pub(crate) oven: Workload,
}

impl Yard {
    pub(crate) fn make(bed: &Bed) -> Result<Self> {
        let cluster = &bed.cluster;
        cluster.namespace("yard")?;
        let mut tree = Tree::of(&[("bread", DOCUMENT)])?;
        tree.render_with(&["--tcp-port", &TCP.to_string()]);
        tree.draw()?;
        tree.render(&bed.compat)?;
        tree.apply(cluster, "stages/enforce")?;
        let pod = |name: &str| Pod::named(name).namespace("yard").env_from_secret(&format!("stepgate-{name}"));
        let pods = cluster.pods([pod("baker"), pod("oven").tcp_port(TCP)])?;
        let [baker, oven] = pods.try_into().map_err(|_| Error::new("two pods"))?;
        let yard = Self { tree, baker, oven };
        yard.until_decided(cluster)?;
        Ok(yard)
    }

    pub(crate) fn call(&self, cluster: &Cluster, request: &Request) -> Result<Response> {
        self.baker.call(cluster, "oven", request)
    }

    /// Waits until the oven's gate denies by itself what no task accepts.
    pub(crate) fn until_decided(&self, cluster: &Cluster) -> Result<()> {
        self.until_code(cluster, "the oven's gate to decide", Some("WRONG_REQUEST"))
    }

    /// Waits until the oven's interlock alone refuses.
    pub(crate) fn until_without_gate(&self, cluster: &Cluster) -> Result<()> {
        self.until_code(cluster, "the oven's gate to be gone", None)
    }

    fn until_code(&self, cluster: &Cluster, what: &str, wanted: Option<&str>) -> Result<()> {
        let came = until(SOON, what, || {
            let answer = self.call(cluster, &post("/nothing-of-the-workflow"))?;
            match answer.status == 403 && code(&answer).as_deref() == wanted {
                true => Ok(Some(())),
                false => Err(Error::new(format!("{} {:?}", answer.status, code(&answer)))),
            }
        });
        came.map_err(|error| self.oven.explain(error))
    }

    /// What comes back from the port that does not speak HTTP, by the oven's Service.
    pub(crate) fn echo(&self, cluster: &Cluster) -> Result<String> {
        let to = SocketAddr::new(cluster.service("oven", "yard")?.ip(), TCP);
        let bytes = self.baker.raw(to, b"no request of HTTP").unwrap_or_default();
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}
