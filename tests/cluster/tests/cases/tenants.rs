//! Two owners on one mesh, each with namespaces, keys and a tree of their own. Both have a workflow `parcels` with
//! the same actors and tasks; the second also has one that the first's shop may begin.

use stepgate_cluster_tests::{Cluster, Pod, Programs, Request, Response, Result, Workload, until};

use crate::module::Pushed;
use crate::requests::{SOON, STEP, code, post, step, verdict};
use crate::tree::Tree;

/// The first owner's in `north`, with one HS256 key; the second's in `south` and `south-stock`, with ES256 keys.
pub(crate) struct Tenants {
    pub(crate) north: Tree,
    pub(crate) south: Tree,
    pods: Vec<Workload>,
}

const PARCELS: &str = r#"
workflow: parcels
revision: 1
trust_domain: cluster.local
actors:
  shop: {spiffe: [ns/SHOP/sa/shop], hosts: [shop.SHOP.svc.cluster.local]}
  depot: {spiffe: [ns/DEPOT/sa/depot], hosts: [depot.DEPOT.svc.cluster.local]}
tasks:
  order: {actor: shop, initial: true}
  pack: {actor: depot, requests: [{methods: [POST], path: "/parcels/{id}"}]}
  settle: {actor: shop, requests: [{methods: [POST], path: "/settled/{id}"}]}
transitions:
  - {from: order, to: pack}
  - {from: pack, to: settle}
"#;

const RETURNS: &str = r#"
workflow: returns
revision: 1
trust_domain: cluster.local
actors:
  customer: {spiffe: [ns/north/sa/shop]}
  depot: {spiffe: [ns/south-stock/sa/depot], hosts: [depot.south-stock.svc.cluster.local]}
  shop: {spiffe: [ns/south/sa/shop], hosts: [shop.south.svc.cluster.local]}
tasks:
  claim: {actor: customer, initial: true}
  receive: {actor: depot, requests: [{methods: [POST], path: "/returns/{id}"}]}
  refund: {actor: shop, requests: [{methods: [POST], path: "/refunds/{id}"}]}
transitions:
  - {from: claim, to: receive}
  - {from: receive, to: refund}
"#;

/// The rights of an owner in their namespaces: all kinds of objects of a stage, and the routes of their services.
const RIGHTS: &str = r#"
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: owner, namespace: NAMESPACE}
rules:
  - apiGroups: [""]
    resources: [secrets]
    verbs: [get, list, watch, create, update, patch, delete]
  - apiGroups: [extensions.istio.io, security.istio.io, telemetry.istio.io, networking.istio.io, networking.k8s.io]
    resources: ["*"]
    verbs: [get, list, watch, create, update, patch, delete]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: owner, namespace: NAMESPACE}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: owner}
subjects: [{kind: ServiceAccount, name: owner, namespace: HOME}]
"#;

impl Tenants {
    /// Each tree is applied by a service account whose rights are limited to its owner's namespaces.
    pub(crate) fn start(cluster: &Cluster, programs: &Programs, module: &Pushed) -> Result<Self> {
        for (namespace, home) in [("north", "north"), ("south", "south"), ("south-stock", "south")] {
            cluster.namespace(namespace)?;
            cluster.apply_text(&RIGHTS.replace("NAMESPACE", namespace).replace("HOME", home))?;
        }
        let parcels = |shop, depot| PARCELS.replace("SHOP", shop).replace("DEPOT", depot);
        let north = Tree::of(programs, &[("parcels", &parcels("north", "north"))])?.applied_by("north:owner");
        let south = Tree::of(programs, &[("parcels", &parcels("south", "south-stock")), ("returns", RETURNS)])?
            .secrets_flags(&["--alg", "ES256"])
            .both(&["--namespace", "south", "--namespace", "south-stock"])
            .applied_by("south:owner");
        for tree in [&north, &south] {
            tree.generate_secrets()?;
            tree.render(module)?;
            tree.apply(cluster, "stages/enforce")?;
        }
        let pods = [("shop", "north"), ("depot", "north"), ("shop", "south"), ("depot", "south-stock")];
        let pods = cluster.pods(pods.map(|(name, namespace)| {
            Pod::named(name).namespace(namespace).env_from_secret(&format!("stepgate-{name}"))
        }))?;
        let tenants = Self { north, south, pods };
        for (from, to) in [("depot.north", "shop.north"), ("shop.north", "depot.north")] {
            tenants.until_decided(cluster, from, to)?;
        }
        for (from, to) in [("depot.south-stock", "shop.south"), ("shop.south", "depot.south-stock")] {
            tenants.until_decided(cluster, from, to)?;
        }
        Ok(tenants)
    }

    pub(crate) fn into_pods(self) -> Vec<Workload> {
        self.pods
    }

    /// Waits until the gate itself denies a request that no task accepts.
    pub(crate) fn until_decided(&self, cluster: &Cluster, from: &str, to: &str) -> Result<()> {
        let decided = until(SOON, &format!("the gate of {to} to decide"), || {
            let answer = self.call(cluster, from, to, &post("/nothing-of-the-workflow"))?;
            Ok((answer.status == 403 && code(&answer).is_some()).then_some(()))
        });
        decided.map_err(|error| self.pod(to).explain(error))
    }

    /// The pod with this `NAME.NAMESPACE`.
    pub(crate) fn pod(&self, name: &str) -> &Workload {
        let found = self.pods.iter().find(|pod| pod.full_name() == name);
        found.unwrap_or_else(|| panic!("no pod {name}"))
    }

    pub(crate) fn call(&self, cluster: &Cluster, from: &str, to: &str, request: &Request) -> Result<Response> {
        self.pod(from).call(cluster, to, request).map_err(|error| error.while_doing(format!("{from} to {to}")))
    }

    /// A call that must be permitted. Returns the token that the application gets.
    pub(crate) fn hop(
        &self,
        cluster: &Cluster,
        (from, to): (&str, &str),
        path: &str,
        with: Option<&str>,
    ) -> Result<String> {
        let request = with.into_iter().fold(post(path), |request, step| request.header(STEP, step));
        let answer = self.call(cluster, from, to, &request)?;
        step(&answer).map_err(|error| error.while_doing(format!("{from} to {to}{path}")))
    }

    /// A call that must be denied with this code and not reach the application.
    pub(crate) fn denied(
        &self,
        cluster: &Cluster,
        (from, to): (&str, &str),
        request: &Request,
        expected: &str,
    ) -> Result<()> {
        let before = self.pod(to).count();
        let answer = self.call(cluster, from, to, request)?;
        assert_eq!(verdict(&answer), (403, Some(expected.to_owned())), "{from} to {to}{}", request.path);
        assert_eq!(self.pod(to).count(), before, "{from} reached {to}");
        Ok(())
    }
}
