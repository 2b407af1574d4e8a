//! Entry from outside: an ingress gateway that is an actor. It runs no gate; each request through it begins an instance.

use stepgate_cluster_tests::{Authority, Cluster, Error, GATEWAY, Pod, Result, Workload, until};

use crate::fixture::Fixture;
use crate::outsiders::answer_of;
use crate::requests::{INTERLOCK_HEADER, SOON, STEP};
use crate::tree::{Tree, secret_value};

const HOST: &str = "orders.example";
const START: &str = "x-workflow-step-start";

const DOCUMENT: &str = r#"
workflow: orders
revision: 1
trust_domain: cluster.local
actors:
  edge: {spiffe: [ns/market/sa/edge]}
  desk: {spiffe: [ns/market/sa/desk], hosts: [desk.market.svc.cluster.local]}
tasks:
  visit: {actor: edge, initial: true}
  order: {actor: desk, requests: [{methods: [POST], path: "/orders/{id}"}]}
  ship: {actor: desk, requests: [{methods: [POST], path: "/ships/{id}"}]}
transitions:
  - {from: visit, to: order}
  - {from: order, to: ship}
"#;

/// istiod sends a gateway the certificates of its namespace only if the gateway's service account may read them.
const RIGHTS: &str = r#"
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: edge, namespace: market}
rules: [{apiGroups: [""], resources: [secrets], verbs: [get, list, watch]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: edge, namespace: market}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: edge}
subjects: [{kind: ServiceAccount, name: edge, namespace: market}]
"#;

struct Market<'b> {
    cluster: &'b Cluster,
    tree: Tree,
    edge: Workload,
    desk: Workload,
    outside: Workload,
}

pub(crate) fn begins_instances_and_no_more(fixture: &mut Fixture) -> Result<()> {
    let market = Market::make(fixture)?;
    until(SOON, "the gateway to let an order in", || {
        let answer = market.order("/orders/0", "")?;
        if answer.starts_with("HTTP/1.1 200") { Ok(Some(())) } else { Err(Error::new(answer)) }
    })
    .map_err(|error| market.edge.explain(error))?;
    market.what_comes_in_brings_nothing()?;
    market.what_no_task_accepts_is_not_found()?;
    market.nobody_gets_past_it()?;
    market.what_goes_out_takes_nothing_along()
}

impl<'b> Market<'b> {
    fn make(fixture: &'b Fixture) -> Result<Self> {
        let cluster = &fixture.cluster;
        cluster.namespace("market")?;
        cluster.apply_text(RIGHTS)?;
        let (certificate, key) = Authority::create()?.issue(&format!("https://{HOST}/"))?;
        let secret = serde_json::json!({
            "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
            "metadata": {"name": "orders-example-tls", "namespace": "market"},
            "stringData": {"tls.crt": certificate, "tls.key": key},
        });
        cluster.apply_text(&secret.to_string())?;
        let tree = Tree::of(&fixture.programs, &[("orders", DOCUMENT)])?
            .secrets_flags(&["--entry", "edge"])
            .render_flags(&["--entry", &format!("edge={HOST}")]);
        tree.generate_secrets()?;
        tree.render(&fixture.compat)?;
        tree.apply(cluster, "stages/enforce")?;
        tree.apply(cluster, "entry")?;
        let pods = cluster.pods([
            Pod::named("edge").namespace("market").gateway(),
            Pod::named("desk").namespace("market").env_from_secret("stepgate-desk"),
            Pod::named("outside").without_sidecar(),
        ])?;
        let [edge, desk, outside] = pods.try_into().map_err(|_| Error::new("three pods"))?;
        Ok(Self { cluster, tree, edge, desk, outside })
    }

    /// The answer to a POST from outside with these header lines.
    fn order(&self, path: &str, headers: &str) -> Result<String> {
        self.over_tls(&format!(
            "POST {path} HTTP/1.1\r\nhost: {HOST}\r\n{headers}connection: close\r\ncontent-length: 0\r\n\r\n"
        ))
    }

    /// Over TLS without a client certificate.
    fn over_tls(&self, request: &str) -> Result<String> {
        let to = format!("{}:{GATEWAY}", self.edge.address().ip());
        let mut command = self.outside.host().command("openssl");
        command.args(["s_client", "-quiet", "-no_ign_eof", "-servername", HOST, "-connect", &to]);
        answer_of(&mut command, request)
    }

    /// The values of a header in the last request that the desk's application has seen.
    fn seen(&self, name: &str) -> Vec<String> {
        let seen = self.desk.seen().pop();
        seen.iter().flat_map(|seen| seen.header(name).map(str::to_owned)).collect()
    }

    /// Steps, baggage and interlocks from outside are removed before the gate; each order is a new instance.
    fn what_comes_in_brings_nothing(&self) -> Result<()> {
        let first = self.seen(STEP).pop().ok_or_else(|| Error::new("the desk was given no step"))?;
        let interlock = secret_value(self.cluster, "market", "desk", "STEPGATE_INTERLOCK")?;
        let answer = self.order(
            "/orders/1",
            &format!("{STEP}: {first}\r\nbaggage: step={first}\r\n{INTERLOCK_HEADER}: of-the-outside-of-the-mesh\r\n"),
        )?;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let second = self.seen(STEP);
        assert!(second.len() == 1 && second[0] != first, "{second:?}");
        assert_eq!(self.seen(INTERLOCK_HEADER), [interlock]);
        assert_eq!(self.seen("baggage"), [""; 0]);
        // The counterpart: if the route keeps the step, the gate refuses it.
        let entry = self.tree.built(self.cluster, "entry")?;
        let open = entry.replace(&format!("- {STEP}\n"), "- x-nothing\n");
        assert_ne!(entry, open);
        self.cluster.apply_text(&open)?;
        until(SOON, "a step from outside to reach the gate", || {
            let answer = self.order("/orders/2", &format!("{STEP}: {first}\r\n"))?;
            Ok(answer.contains("WRONG_HOLDER").then_some(()))
        })?;
        self.close(&entry, || Ok(self.order("/orders/2", &format!("{STEP}: {first}\r\n"))?.starts_with("HTTP/1.1 200")))
    }

    fn what_no_task_accepts_is_not_found(&self) -> Result<()> {
        let before = self.desk.count();
        // A path that is not open to the outside, unknown paths, another host, another method.
        for request in [
            format!("POST /ships/1 HTTP/1.1\r\nhost: {HOST}\r\n"),
            format!("POST /orders/1/more HTTP/1.1\r\nhost: {HOST}\r\n"),
            format!("POST / HTTP/1.1\r\nhost: {HOST}\r\n"),
            "POST /orders/1 HTTP/1.1\r\nhost: desk.market.svc.cluster.local\r\n".into(),
            format!("GET /orders/1 HTTP/1.1\r\nhost: {HOST}\r\n"),
        ] {
            let answer = self.over_tls(&format!("{request}connection: close\r\ncontent-length: 0\r\n\r\n"))?;
            assert!(answer.starts_with("HTTP/1.1 404"), "{request}{answer}");
        }
        assert_eq!(self.desk.count(), before);
        Ok(())
    }

    /// Directly to the workload, in the clear and without a certificate.
    fn nobody_gets_past_it(&self) -> Result<()> {
        let before = self.desk.count();
        let request =
            format!("POST /orders/3 HTTP/1.1\r\nhost: {HOST}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
        let answer = self.outside.raw(self.desk.address(), request.as_bytes()).unwrap_or_default();
        assert_eq!(String::from_utf8_lossy(&answer), "");
        // The gateway in the clear, and at other ports.
        for port in [GATEWAY, 80, 8080, 15000, 15006] {
            let to = (self.edge.address().ip(), port).into();
            let answer = self.outside.raw(to, request.as_bytes()).unwrap_or_default();
            assert!(!String::from_utf8_lossy(&answer).contains(" 200 "), "port {port}");
        }
        assert_eq!(self.desk.count(), before);
        // The same request through the entry.
        assert!(self.over_tls(&request)?.starts_with("HTTP/1.1 200"));
        assert_eq!(self.desk.count(), before + 1);
        Ok(())
    }

    /// The gate answers the gateway with a start token, which must not leave the gateway.
    fn what_goes_out_takes_nothing_along(&self) -> Result<()> {
        let answer = self.order("/orders/4", &format!("x-lab-response-header: {STEP}: of-the-application\r\n"))?;
        let (head, _) = answer.split_once("\r\n\r\n").ok_or_else(|| Error::new(answer.clone()))?;
        assert!(head.starts_with("HTTP/1.1 200") && !head.contains("x-workflow-step"), "{head}");
        let entry = self.tree.built(self.cluster, "entry")?;
        let open = entry.replace(&format!("- {START}\n"), "- x-nothing\n");
        assert_ne!(entry, open);
        self.cluster.apply_text(&open)?;
        let leaks = || self.order("/orders/5", "").map(|answer| answer.contains(START));
        until(SOON, "the start token to leak where the route lets it", || Ok(leaks()?.then_some(())))?;
        self.close(&entry, || leaks().map(|leaks| !leaks))
    }

    /// Applies the original entry again.
    fn close(&self, entry: &str, closed: impl Fn() -> Result<bool>) -> Result<()> {
        self.cluster.apply_text(entry)?;
        until(SOON, "the entry to be as it was", || Ok(closed()?.then_some(())))
    }
}
