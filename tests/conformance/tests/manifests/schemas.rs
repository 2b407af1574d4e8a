//! Rendered manifests against the schemas of Istio's releases, from the oldest that is supported on.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::crd::Schemas;
use super::stages::Tree;
use super::tools::{not_tested, objects};

const KINDS: &[&str] = &[
    "WasmPlugin",
    "TrafficExtension",
    "PeerAuthentication",
    "AuthorizationPolicy",
    "Telemetry",
    "VirtualService",
    "Gateway",
];

/// A workflow whose instances a gateway begins.
const ENTERED: &str = "
workflow: tour
revision: 1
trust_domain: cluster.local
actors:
  edge: {spiffe: [ns/ingress/sa/edge]}
  shop: {spiffe: [ns/shop/sa/shop], hosts: ['shop.shop.svc.cluster.local:8080']}
tasks:
  call: {actor: edge, initial: true}
  buy:  {actor: shop, requests: [{methods: [POST, PUT], path: '/v1/{id}'}]}
transitions:
  - {from: call, to: buy}
";

/// The releases whose schemas `tools/get-crds.sh` has put into the cache.
fn releases() -> Vec<(String, Schemas)> {
    let cache = std::env::var_os("STEPGATE_CACHE").map(PathBuf::from);
    let cache = cache.unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache/stepgate"));
    let Ok(entries) = fs::read_dir(cache.join("istio-crds")) else {
        not_tested("manifests against Istio's schemas: `make tools` gets them, and needs Go");
        return Vec::new();
    };
    let mut all: Vec<_> = entries.map(|entry| entry.unwrap()).collect();
    all.sort_by_key(fs::DirEntry::file_name);
    let read = |entry: &fs::DirEntry| {
        let name = entry.file_name().into_string().unwrap();
        (name, Schemas::of(&fs::read_to_string(entry.path()).unwrap(), KINDS))
    };
    all.iter().filter(|entry| entry.path().extension().is_some_and(|end| end == "yaml")).map(read).collect()
}

/// Every manifest of these kinds in a tree.
fn manifests(tree: &Tree) -> Vec<Value> {
    let mut found = Vec::new();
    let mut folders = vec![tree.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "yaml") {
                found.extend(objects(&fs::read_to_string(path).unwrap()));
            }
        }
    }
    // A waypoint is a Gateway, too, of the Gateway API.
    found.retain(|object| {
        let text = |field: &str| object[field].as_str().unwrap_or_default();
        KINDS.contains(&text("kind")) && text("apiVersion").contains(".istio.io/")
    });
    found
}

#[test]
fn every_release_accepts_the_rendered_manifests() {
    let releases = releases();
    let dir = tempfile::tempdir().unwrap();
    let entered = dir.path().join("tour.yaml");
    fs::write(&entered, ENTERED).unwrap();
    let trees = [
        Tree::of(&[entered.to_str().unwrap()], "HS256", &["--entry", "edge=tour.example.com"]),
        Tree::new("HS256", &["--pull-secret", "registry", "--tcp-port", "5432"]),
        Tree::new("ES256", &[]),
        Tree::new("HS256", &["--attach", "mesh"]),
        Tree::new("EdDSA", &["--attach", "waypoint"]),
    ];
    let extension = Tree::new("HS256", &["--api", "traffic-extension", "--pull-policy", "always"]);
    for (release, schemas) in &releases {
        let (mut checked, mut kinds) = (0, std::collections::BTreeSet::new());
        let new = schemas.knows("TrafficExtension").then_some(&extension);
        for object in trees.iter().chain(new).flat_map(manifests) {
            let faults = schemas.faults(&object);
            assert!(faults.is_empty(), "{release}: {} {}: {faults:?}", object["kind"], object["metadata"]["name"]);
            checked += 1;
            kinds.insert(object["kind"].as_str().unwrap().to_owned());
        }
        assert!(checked > 60, "{release}: {checked}");
        assert_eq!(kinds.len(), KINDS.len() - usize::from(new.is_none()), "{release}: {kinds:?}");
    }
    if let Some((newest, schemas)) = releases.last() {
        assert!(schemas.knows("TrafficExtension"), "{newest}");
    }
}

/// Older releases refuse `FAIL_RELOAD`, so it is not the default.
#[test]
fn only_releases_from_1_28_on_start_a_new_vm_after_a_trap() {
    let tree = Tree::new("HS256", &["--fail-reload"]);
    let all = manifests(&tree);
    let plugin = all.iter().find(|object| object["kind"] == "WasmPlugin").unwrap();
    for (release, schemas) in releases() {
        let minor: u32 = release.split('.').nth(1).unwrap().parse().unwrap();
        assert_eq!(schemas.faults(plugin).is_empty(), minor >= 28, "{release}");
    }
}

/// The validation is effective: it finds errors.
#[test]
fn a_wrong_manifest_is_found() {
    let tree = Tree::new("HS256", &[]);
    let all = manifests(&tree);
    let plugin = all.iter().find(|object| object["kind"] == "WasmPlugin").unwrap();
    let policy = all.iter().find(|object| object["kind"] == "AuthorizationPolicy").unwrap();
    for (release, schemas) in releases() {
        let broken = |object: &Value, pointer: &str, value: Value| {
            let mut object = object.clone();
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            object.pointer_mut(parent).unwrap()[name] = value;
            assert!(!schemas.faults(&object).is_empty(), "{release}: {pointer} {}", object["kind"]);
        };
        assert!(schemas.faults(plugin).is_empty());
        broken(plugin, "/apiVersion", json!("extensions.istio.io/v1"));
        broken(plugin, "/spec/failStrategie", json!("FAIL_CLOSE"));
        broken(plugin, "/spec/failStrategy", json!("FAIL_CLOSED"));
        broken(plugin, "/spec/priority", json!("1"));
        broken(plugin, "/spec/sha256", json!("abc"));
        broken(plugin, "/spec/url", json!(""));
        broken(plugin, "/spec/match", json!([{"modes": "SERVER"}]));
        broken(plugin, "/spec/vmConfig", json!({"env": [{"valueFrom": "HOST"}]}));
        broken(policy, "/spec/rules", json!([{"when": [{"notValues": ["x"]}]}]));
        broken(policy, "/spec/action", json!("REFUSE"));
    }
}
