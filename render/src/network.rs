//! NetworkPolicies between namespaces: they allow the calls of the transitions, DNS and istiod, and nothing else. They
//! work below the gates, for all protocols. Policies of other owners may allow more.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::error::RenderError;
use crate::inventory::Inventory;
use crate::labels::Labels;
use crate::manifest::{manifest, with};
use crate::options::{Attach, DnsServer, Options, Place};
use crate::workload::Workload;

/// Where istiod serves certificates and configuration.
const ISTIOD: u16 = 15012;
/// DNS, where the cluster has it by default.
const DNS: (&str, u16) = ("kube-system", 53);
/// The addresses that Istio's CNI gives the kubelet's probes of pods in ambient mode ("Ambient and Kubernetes
/// NetworkPolicy" in Istio's documentation).
const AMBIENT_PROBES: [&str; 2] = ["169.254.7.127/32", "fd16:9254:7127:1337:ffff:ffff:ffff:ffff/128"];
/// The directions of a policy: its type, and the member with its rules.
const INGRESS: (&str, &str) = ("Ingress", "ingress");
const EGRESS: (&str, &str) = ("Egress", "egress");

/// The other end of a call: pods of another namespace, or addresses outside this cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Pods(Workload),
    Cidr(String),
}

/// The calls across namespaces and clusters.
#[derive(Debug, Default)]
pub(super) struct Crossings {
    into: BTreeMap<Workload, BTreeSet<End>>,
    out_of: BTreeMap<Workload, BTreeSet<End>>,
}

impl Crossings {
    /// # Errors
    /// A peer that is not an actor.
    pub(super) fn of(inventory: &Inventory<'_>, options: &Options) -> Result<Self, RenderError> {
        let is_actor = |name: &str| inventory.documents.iter().any(|each| each.workflow.actors.contains_key(name));
        if let Some(unknown) = options.peers.iter().find(|peer| !is_actor(&peer.actor)) {
            return Err(RenderError::UnknownPeer(unknown.actor.clone()));
        }
        let cidrs = |actor: &str| -> Vec<End> {
            let of_actor = options.peers.iter().filter(|peer| peer.actor == actor);
            of_actor.map(|peer| End::Cidr(peer.cidr.clone())).collect()
        };
        let mut crossings = Self::default();
        for document in &inventory.documents {
            for transition in &document.workflow.transitions {
                let (caller, performer) = (&transition.caller, &transition.to.performer);
                let from = inventory.of_actor(&document.workflow, caller);
                let to = inventory.of_actor(&document.workflow, performer);
                let pairs = from.iter().flat_map(|from| to.iter().map(move |to| (from, to)));
                for (from, to) in pairs.filter(|(from, to)| from.namespace() != to.namespace()) {
                    crossings.into.entry(to.clone()).or_default().insert(End::Pods(from.clone()));
                    crossings.out_of.entry(from.clone()).or_default().insert(End::Pods(to.clone()));
                }
                let (callers, called) = (cidrs(caller.name.as_str()), cidrs(performer.name.as_str()));
                for to in to.into_iter().filter(|_| !callers.is_empty()) {
                    crossings.into.entry(to).or_default().extend(callers.clone());
                }
                for from in from.into_iter().filter(|_| !called.is_empty()) {
                    crossings.out_of.entry(from).or_default().extend(called.clone());
                }
            }
        }
        Ok(crossings)
    }
}

/// Everything from which the policies of each namespace are made.
pub(super) struct Network<'n> {
    pub(super) crossings: Crossings,
    pub(super) labels: &'n Labels<'n>,
    pub(super) attach: Attach,
    pub(super) options: &'n Options,
}

impl Network<'_> {
    /// The policies of a namespace.
    pub(super) fn policies(&self, namespace: &str) -> Vec<Value> {
        let mut own = vec![json!({"podSelector": {}})];
        if self.attach == Attach::Waypoint {
            own.extend(AMBIENT_PROBES.map(block));
        }
        let mut policies = vec![policy(namespace, "stepgate", &json!({}), INGRESS, json!([{"from": own}]))];
        let called = self.crossings.into.iter().filter(|(workload, _)| workload.namespace() == namespace);
        for (workload, callers) in called {
            let from: Vec<Value> = callers.iter().map(|caller| peer(caller, |pods| self.labels.select(pods))).collect();
            let pods = self.target(workload);
            policies.push(policy(namespace, &workload.resource(), &pods, INGRESS, json!([{"from": from}])));
        }
        policies.extend(self.egress(namespace));
        policies
    }

    /// Egress is limited only if it is known from where the module is pulled.
    fn egress(&self, namespace: &str) -> Vec<Value> {
        let options = self.options;
        let registry = match &options.registry {
            Some(cidr) => vec![json!({"to": [block(cidr)]})],
            None if options.module.starts_with("file://") => Vec::new(),
            None => return Vec::new(),
        };
        let mut allowed = vec![json!({"to": [{"podSelector": {}}]}), dns(to_namespace(DNS.0), DNS.1)];
        allowed.extend(options.dns.iter().map(|DnsServer { place, port }| match place {
            Place::Namespace(name) => dns(to_namespace(name), *port),
            Place::Cidr(cidr) => dns(block(cidr), *port),
        }));
        allowed.push(json!({"to": [to_namespace(&options.root)], "ports": [{"protocol": "TCP", "port": ISTIOD}]}));
        allowed.extend(registry);
        let mut policies = vec![policy(namespace, "stepgate", &json!({}), EGRESS, allowed.into())];
        let calling = self.crossings.out_of.iter().filter(|(workload, _)| workload.namespace() == namespace);
        for (workload, called) in calling {
            let to: Vec<Value> = called.iter().map(|end| peer(end, |called| self.target(called))).collect();
            let pods = self.labels.select(workload);
            policies.push(policy(namespace, &workload.resource(), &pods, EGRESS, json!([{"to": to}])));
        }
        policies
    }

    /// The labels of the pods at which a call of the workload arrives.
    fn target(&self, workload: &Workload) -> Value {
        match self.attach {
            Attach::Namespace | Attach::Workload | Attach::Mesh => self.labels.select(workload),
            Attach::Waypoint => json!({"gateway.networking.k8s.io/gateway-name": workload.gateway()}),
        }
    }
}

fn dns(to: Value, port: u16) -> Value {
    json!({"to": [to], "ports": [{"protocol": "UDP", "port": port}, {"protocol": "TCP", "port": port}]})
}

fn to_namespace(name: &str) -> Value {
    json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}})
}

fn block(cidr: &str) -> Value {
    json!({"ipBlock": {"cidr": cidr}})
}

fn peer(end: &End, labels: impl Fn(&Workload) -> Value) -> Value {
    match end {
        End::Pods(workload) => {
            with(to_namespace(workload.namespace()), [("podSelector", json!({"matchLabels": labels(workload)}))])
        }
        End::Cidr(cidr) => block(cidr),
    }
}

/// A policy for the pods with these labels, or for all pods.
fn policy(namespace: &str, name: &str, labels: &Value, (kind, member): (&str, &str), rules: Value) -> Value {
    let all = labels.as_object().is_some_and(serde_json::Map::is_empty);
    let pods = if all { json!({}) } else { json!({"matchLabels": labels}) };
    let spec = with(json!({"podSelector": pods, "policyTypes": [kind]}), [(member, rules)]);
    manifest("networking.k8s.io/v1", "NetworkPolicy", &format!("{name}-{member}"), namespace, &spec)
}
