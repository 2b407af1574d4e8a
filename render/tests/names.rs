//! Every name that is rendered is one that Kubernetes and Istio accept, and no two objects or files have the same.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

mod fixture;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};
use stepgate_render::{Attach, Document, File, Inventory, Options, Secrets, Volumes, istio, volumes};

fn document(value: Value) -> Document {
    let workflow = stepgate_config::read_workflow(value.to_string().as_bytes()).into_result();
    let workflow = workflow.unwrap_or_else(|found| panic!("{value}: {}", found[0])).0;
    Document { json: value, workflow }
}

/// A workflow that `edge`, a gateway, begins at `shop`, which calls `bank`; each has these SPIFFE IDs.
fn entered(name: &str, revision: u32, edge: &[String], shop: &[String], bank: &[String]) -> Document {
    document(json!({
        "workflow": name, "revision": revision, "trust_domain": "cluster.local",
        "actors": {
            "edge": {"spiffe": edge},
            "shop": {"spiffe": shop, "hosts": ["shop.example"]},
            "bank": {"spiffe": bank},
        },
        "tasks": {
            "call": {"actor": "edge", "initial": true},
            "buy": {"actor": "shop", "requests": [{"methods": ["POST"], "path": format!("/{revision}/of-{name}")}]},
            "pay": {"actor": "bank", "requests": [{"methods": ["POST"], "path": "/pay"}]},
        },
        "transitions": [{"from": "call", "to": "buy"}, {"from": "buy", "to": "pay"}],
    }))
}

fn id(namespace: &str, account: &str) -> String {
    format!("ns/{namespace}/sa/{account}")
}

fn options(attach: Option<Attach>) -> Options {
    fixture::options(attach, &["shop.example.com", "other.example.com"])
}

/// All objects, by their kinds, namespaces and names.
fn objects(files: &[File]) -> BTreeMap<[String; 4], Value> {
    let mut found = BTreeMap::new();
    let mut paths = BTreeSet::new();
    for file in files {
        assert!(paths.insert(&file.path), "{} is there twice", file.path);
        for document in file.text.split("\n---\n") {
            let object = stepgate_config::to_json(document.as_bytes()).unwrap();
            let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
            if file.path.ends_with("/kustomization.yaml") {
                assert!(matches!(text("/kind").as_str(), "Kustomization" | "Component"), "{}: {object}", file.path);
            // The two policies of the interlock are in different stages.
            } else if !file.path.starts_with("components/interlock-idle/") {
                let key = [text("/apiVersion"), text("/kind"), text("/metadata/namespace"), text("/metadata/name")];
                assert!(found.insert(key.clone(), object).is_none(), "{key:?} is there twice");
            }
        }
    }
    found
}

/// RFC 1123, as Kubernetes reads it.
fn is_label(name: &str) -> bool {
    let inside = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=63).contains(&name.len()) && name.bytes().all(inside) && !name.starts_with('-') && !name.ends_with('-')
}

/// The same in several parts, which may be longer.
fn is_subdomain(name: &str) -> bool {
    let inside = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let part =
        |part: &str| !part.is_empty() && part.bytes().all(inside) && !part.starts_with('-') && !part.ends_with('-');
    name.len() <= 253 && name.split('.').all(part)
}

/// The value of a label.
fn is_value(text: &str) -> bool {
    let inside = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let ends = |c: char| c.is_ascii_alphanumeric();
    text.len() <= 63 && text.bytes().all(inside) && text.starts_with(ends) && text.ends_with(ends)
}

/// The values of all labels and selectors of labels in an object.
fn label_values(value: &Value, found: &mut Vec<String>) {
    for (key, member) in value.as_object().into_iter().flatten() {
        let of_istio = key == "selector" && member.as_object().is_some_and(|all| all.values().all(Value::is_string));
        if key == "labels" || key == "matchLabels" || of_istio {
            found.extend(member.as_object().unwrap().values().map(|value| value.as_str().unwrap().to_owned()));
        }
        label_values(member, found);
    }
    value.as_array().into_iter().flatten().for_each(|item| label_values(item, found));
}

fn check(files: &[File]) {
    let all = objects(files);
    for ([version, kind, namespace, name], object) in &all {
        // A Gateway of Kubernetes becomes a Service; Istio requires a label of its own.
        let is_valid = if kind == "Gateway" { is_label(name) } else { is_subdomain(name) };
        assert!(is_valid && (kind == "StorageClass" || is_label(namespace)), "{kind} {namespace}/{name}");
        let mut values = Vec::new();
        label_values(object, &mut values);
        assert!(values.iter().all(|value| is_value(value)), "{kind} {name}: {values:?}");
        for gateway in object["spec"]["gateways"].as_array().into_iter().flatten() {
            let gateway = gateway.as_str().unwrap().to_owned();
            assert!(all.contains_key(&[version.clone(), "Gateway".into(), namespace.clone(), gateway]), "{object}");
        }
        for target in object["spec"]["targetRefs"].as_array().into_iter().flatten() {
            let gateway = target["name"].as_str().unwrap().to_owned();
            let version = "gateway.networking.k8s.io/v1".to_owned();
            assert!(all.contains_key(&[version, "Gateway".into(), namespace.clone(), gateway]), "{object}");
        }
        let servers: Vec<&Value> = object["spec"]["servers"].as_array().into_iter().flatten().collect();
        assert!(servers.iter().all(|server| is_subdomain(server["tls"]["credentialName"].as_str().unwrap())));
        let ports: BTreeSet<&str> = servers.iter().filter_map(|server| server["port"]["name"].as_str()).collect();
        assert_eq!(ports.len(), servers.len(), "Istio requires a name for each: {object}");
    }
    let services = files.iter().filter(|file| file.path == "components/proxies/kustomization.yaml");
    for file in services {
        for line in file.text.lines().filter_map(|line| line.trim().strip_prefix("istio.io/use-waypoint: ")) {
            assert!(is_value(line), "{line}");
        }
    }
}

fn namespace() -> impl Strategy<Value = String> {
    prop_oneof![Just("kustomization".to_owned()), "[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", "[a-z0-9][a-z0-9-]{61}[a-z0-9]",]
}

fn account() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?(\\.[a-z0-9]{1,3}){0,3}",
        "[a-z0-9][a-z0-9-]{50,61}[a-z0-9]",
        "x---x[0-9a-f]{32}",
    ]
}

fn workflow() -> impl Strategy<Value = String> {
    prop_oneof!["[a-k1._-]{1,64}", "[a-z0-9._-]{55,64}", Just("kn-".to_owned())]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn names_are_valid_and_different(
        workflows in proptest::collection::btree_set(workflow(), 1..3),
        namespaces in [namespace(), namespace()],
        accounts in proptest::collection::btree_set(account(), 4),
        attach in prop_oneof![
            Just(None), Just(Some(Attach::Workload)), Just(Some(Attach::Mesh)), Just(Some(Attach::Waypoint)),
        ],
    ) {
        let accounts: Vec<&String> = accounts.iter().collect();
        let [first, second] = &namespaces;
        let both = [id(first, accounts[0]), id(second, accounts[0])];
        let (shop, bank) = ([id(first, accounts[1]), id(first, accounts[2])], [id(second, accounts[3])]);
        let edge = if first == second { &both[..1] } else { &both[..] };
        let documents: Vec<Document> = workflows
            .iter()
            .flat_map(|name| [1, 2].map(|revision| entered(name, revision, edge, &shop, &bank)))
            .collect();
        check(&istio(&documents, None, &options(attach)).unwrap().files);
        let claims = Volumes {
            provisioner: "ebs.csi.aws.com".into(),
            parameters: BTreeMap::new(),
            class: "encrypted".into(),
            size: "1Gi".into(),
            actors: Vec::new(),
            trust_domain: None,
        };
        let mut secrets = Secrets::default();
        secrets.complete(&Inventory::of(&documents, None, &["edge".to_owned()]).unwrap(), None).unwrap();
        check(&[File { path: "secrets.yaml".into(), text: secrets.text().unwrap() }]);
        check(&[File { path: "volumes.yaml".into(), text: volumes(&documents, &claims).unwrap() }]);
    }
}

/// A name that is replaced by a digest is that of no other account.
#[test]
fn a_digest_is_no_accounts_name() {
    let long = "a".repeat(63);
    let names = |accounts: &[&str]| {
        let shop: Vec<String> = accounts.iter().map(|account| id("shop", account)).collect();
        let documents = [entered("tour", 1, &[id("edge", "edge")], &shop, &[id("bank", "bank")])];
        let all = objects(&istio(&documents, None, &options(Some(Attach::Waypoint))).unwrap().files);
        let gateways = all.into_keys().filter(|[_, kind, namespace, _]| kind == "Gateway" && namespace == "shop");
        gateways.map(|[_, _, _, name]| name).collect::<BTreeSet<String>>()
    };
    let digest = names(&[&long]).pop_first().unwrap();
    assert!(is_label(&digest));
    assert_eq!(names(&["shop"]), BTreeSet::from(["stepgate-shop".to_owned()]), "ordinary names stay readable");
    let account = digest.strip_prefix("stepgate-").unwrap();
    assert_eq!(names(&[&long, account, "a.b", "a-b"]).len(), 4);
}
