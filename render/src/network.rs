//! NetworkPolicies between namespaces: they allow the calls of the transitions, DNS and istiod, and nothing else. They
//! work below the gates, for all protocols. Policies of other owners may allow more.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::inventory::Inventory;
use crate::manifest::{manifest, with};
use crate::options::{Attach, Options};
use crate::workload::Workload;

/// Where istiod serves certificates and configuration.
const ISTIOD: u16 = 15012;
const DNS: u16 = 53;
/// The directions of a policy: its type, and the member with its rules.
const INGRESS: (&str, &str) = ("Ingress", "ingress");
const EGRESS: (&str, &str) = ("Egress", "egress");

/// The calls across namespaces.
#[derive(Debug, Default)]
pub(super) struct Crossings {
    into: BTreeMap<Workload, BTreeSet<Workload>>,
    out_of: BTreeMap<Workload, BTreeSet<Workload>>,
}

impl Crossings {
    pub(super) fn of(inventory: &Inventory<'_>) -> Self {
        let mut crossings = Self::default();
        for document in &inventory.documents {
            for transition in &document.workflow.transitions {
                let from = inventory.of_actor(&document.workflow, &transition.caller);
                let to = inventory.of_actor(&document.workflow, &transition.to.performer);
                let pairs = from.iter().flat_map(|from| to.iter().map(move |to| (from, to)));
                for (from, to) in pairs.filter(|(from, to)| from.namespace() != to.namespace()) {
                    crossings.into.entry(to.clone()).or_default().insert(from.clone());
                    crossings.out_of.entry(from.clone()).or_default().insert(to.clone());
                }
            }
        }
        crossings
    }
}

/// The policies of a namespace.
pub(super) fn policies(namespace: &str, crossings: &Crossings, attach: Attach, options: &Options) -> Vec<Value> {
    let own = json!({"podSelector": {}});
    let mut policies = vec![policy(namespace, "stepgate", &json!({}), INGRESS, json!([{"from": [own]}]))];
    let called = crossings.into.iter().filter(|(workload, _)| workload.namespace() == namespace);
    for (workload, callers) in called {
        let from: Vec<Value> = callers.iter().map(|caller| peer(caller, &caller.labels(&options.label))).collect();
        let pods = target(workload, attach, options);
        policies.push(policy(namespace, &workload.resource(), &pods, INGRESS, json!([{"from": from}])));
    }
    policies.extend(egress(namespace, crossings, attach, options));
    policies
}

/// Egress is limited only if it is known from where the module is pulled.
fn egress(namespace: &str, crossings: &Crossings, attach: Attach, options: &Options) -> Vec<Value> {
    let registry = match &options.registry {
        Some(cidr) => vec![json!({"to": [{"ipBlock": {"cidr": cidr}}]})],
        None if options.module.starts_with("file://") => Vec::new(),
        None => return Vec::new(),
    };
    let to_namespace =
        |name: &str| json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}});
    let port = |protocol: &str, port: u16| json!({"protocol": protocol, "port": port});
    let always = [
        json!({"to": [{"podSelector": {}}]}),
        json!({"to": [to_namespace("kube-system")], "ports": [port("UDP", DNS), port("TCP", DNS)]}),
        json!({"to": [to_namespace(&options.root)], "ports": [port("TCP", ISTIOD)]}),
    ];
    let allowed: Vec<Value> = always.into_iter().chain(registry).collect();
    let mut policies = vec![policy(namespace, "stepgate", &json!({}), EGRESS, allowed.into())];
    for (workload, called) in crossings.out_of.iter().filter(|(workload, _)| workload.namespace() == namespace) {
        let to: Vec<Value> = called.iter().map(|called| peer(called, &target(called, attach, options))).collect();
        let pods = workload.labels(&options.label);
        policies.push(policy(namespace, &workload.resource(), &pods, EGRESS, json!([{"to": to}])));
    }
    policies
}

/// The pods at which a call of the workload arrives.
fn target(workload: &Workload, attach: Attach, options: &Options) -> Value {
    match attach {
        Attach::Namespace | Attach::Workload | Attach::Mesh => workload.labels(&options.label),
        Attach::Waypoint => json!({"gateway.networking.k8s.io/gateway-name": workload.gateway()}),
    }
}

fn peer(workload: &Workload, labels: &Value) -> Value {
    json!({
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": workload.namespace()}},
        "podSelector": {"matchLabels": labels},
    })
}

/// A policy for the pods with these labels, or for all pods.
fn policy(namespace: &str, name: &str, labels: &Value, (kind, member): (&str, &str), rules: Value) -> Value {
    let all = labels.as_object().is_some_and(serde_json::Map::is_empty);
    let pods = if all { json!({}) } else { json!({"matchLabels": labels}) };
    let spec = with(json!({"podSelector": pods, "policyTypes": [kind]}), [(member, rules)]);
    manifest("networking.k8s.io/v1", "NetworkPolicy", &format!("{name}-{member}"), namespace, &spec)
}
