//! NetworkPolicies between namespaces: they allow the calls of the transitions, DNS and istiod, and nothing else. They
//! work below the gates, for all protocols. Policies of other owners may allow more.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::inventory::Inventory;
use crate::options::{Attach, Options};
use crate::workload::Workload;

/// Where istiod serves certificates and configuration.
const ISTIOD: u16 = 15012;
const DNS: u16 = 53;

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
    let mut policies = vec![policy(
        namespace,
        "stepgate-ingress",
        &json!({}),
        &json!({
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [own]}],
        }),
    )];
    let called = crossings.into.iter().filter(|(workload, _)| workload.namespace() == namespace);
    for (workload, callers) in called {
        let from: Vec<Value> = callers.iter().map(|caller| peer(caller, &caller.labels(&options.label))).collect();
        let spec = json!({"policyTypes": ["Ingress"], "ingress": [{"from": from}]});
        let name = format!("{}-ingress", workload.resource());
        policies.push(policy(namespace, &name, &target(workload, attach, options), &spec));
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
    let mut policies = vec![policy(
        namespace,
        "stepgate-egress",
        &json!({}),
        &json!({
            "policyTypes": ["Egress"], "egress": allowed,
        }),
    )];
    for (workload, called) in crossings.out_of.iter().filter(|(workload, _)| workload.namespace() == namespace) {
        let to: Vec<Value> = called.iter().map(|called| peer(called, &target(called, attach, options))).collect();
        let spec = json!({"policyTypes": ["Egress"], "egress": [{"to": to}]});
        let name = format!("{}-egress", workload.resource());
        policies.push(policy(namespace, &name, &workload.labels(&options.label), &spec));
    }
    policies
}

/// The pods at which a call of the workload arrives.
fn target(workload: &Workload, attach: Attach, options: &Options) -> Value {
    match attach {
        Attach::Namespace | Attach::Workload | Attach::Mesh => workload.labels(&options.label),
        Attach::Waypoint => json!({"gateway.networking.k8s.io/gateway-name": workload.resource()}),
    }
}

fn peer(workload: &Workload, labels: &Value) -> Value {
    json!({
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": workload.namespace()}},
        "podSelector": {"matchLabels": labels},
    })
}

fn policy(namespace: &str, name: &str, labels: &Value, rules: &Value) -> Value {
    let all = labels.as_object().is_some_and(serde_json::Map::is_empty);
    let mut spec = json!({"podSelector": if all { json!({}) } else { json!({"matchLabels": labels}) }});
    if let (Some(spec), Some(rules)) = (spec.as_object_mut(), rules.as_object()) {
        spec.extend(rules.clone());
    }
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace}, "spec": spec,
    })
}
