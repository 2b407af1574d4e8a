//! Envoys with gates, and the doctor's report on them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use serde_json::{Value, json};
use stepgate_config::Checked;
use stepgate_doctor::{Endpoint, ExpectedState, Kind, ProxyReport, Report, examine};
use stepgate_mesh::{Mesh, MeshSpec, Plugin};

pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
pub(crate) const KEY: &str = r#"{"kty":"oct","alg":"HS256","k":"sRiFB4DThc8JRXf1fPPCPpj0kgLTERLcuirFbh9KgVw"}"#;
/// Each workload is an actor of the workflow; its name describes its fault.
pub(crate) const WORKLOADS: [&str; 7] = ["good", "loose", "changed", "old", "broken", "keyless", "bare"];

/// Every actor may be called by `bare`, which begins instances.
pub(crate) fn configuration() -> Value {
    let actors: BTreeMap<&str, Value> =
        WORKLOADS.iter().map(|name| (*name, json!({"spiffe": [format!("ns/film/sa/{name}")]}))).collect();
    let mut tasks: BTreeMap<&str, Value> = WORKLOADS
        .iter()
        .filter(|name| **name != "bare")
        .map(|name| (*name, json!({"actor": name, "requests": [{"methods": ["POST"], "path": "/work"}]})))
        .collect();
    tasks.insert("begin", json!({"actor": "bare", "initial": true}));
    let called = WORKLOADS.iter().filter(|name| **name != "bare");
    json!({
        "keys": [
            {"workflow": "film", "kid": "now", "use": "sign", "env": "KEY"},
            {"workflow": "film", "kid": "next", "use": "verify", "env": "NEXT"},
        ],
        "workflows": [{
            "workflow": "film",
            "revision": 2,
            "trust_domain": "cluster.local",
            "actors": actors,
            "tasks": tasks,
            "transitions": called.map(|name| json!({"from": "begin", "to": name})).collect::<Vec<_>>(),
        }],
    })
}

pub(crate) fn module() -> PathBuf {
    stepgate_tests::trials::module().unwrap()
}

/// The same module with an older version in it: the texts keep their length.
pub(crate) fn older_module(folder: &Path) -> PathBuf {
    let mut bytes = std::fs::read(module()).unwrap();
    let (version, older) = (VERSION.as_bytes(), VERSION.replace(|c: char| c.is_ascii_digit(), "0").into_bytes());
    assert_ne!(version, older);
    let places: Vec<usize> = (0..bytes.len() - version.len()).filter(|at| bytes[*at..].starts_with(version)).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + older.len()].copy_from_slice(&older);
    }
    let path = folder.join("older.wasm");
    std::fs::write(&path, bytes).unwrap();
    path
}

pub(crate) fn identity(name: &str) -> String {
    format!("spiffe://cluster.local/ns/film/sa/{name}")
}

/// The keys that the configuration names.
pub(crate) fn environment() -> BTreeMap<String, String> {
    ["KEY", "NEXT", "THIRD"].map(|variable| (variable.to_owned(), KEY.to_owned())).into()
}

pub(crate) fn plugin(configuration: &Value) -> Plugin {
    Plugin { module: module(), configuration: configuration.to_string(), environment: environment() }
}

pub(crate) fn expected(text: &str) -> ExpectedState {
    match stepgate_config::read(text.as_bytes()).checked.unwrap() {
        Checked::Gate(gate) => ExpectedState::of_gate("gate.yaml", gate, VERSION.to_owned()),
        Checked::Workflow(workflow) => {
            ExpectedState::of_workflows(vec![("film.yaml".to_owned(), workflow)], VERSION.to_owned())
        }
    }
}

pub(crate) fn endpoint(at: SocketAddr) -> Endpoint {
    format!("http://{at}").parse().unwrap()
}

pub(crate) fn of<'r>(report: &'r Report, name: &str) -> &'r ProxyReport {
    report.proxies.iter().find(|proxy| proxy.name == name).unwrap()
}

pub(crate) fn kinds(report: &ProxyReport) -> BTreeSet<Kind> {
    report.findings.iter().map(|finding| finding.kind).collect()
}

/// A few at a time: each Envoy compiles the module when it starts.
pub(crate) fn start(spec: MeshSpec) -> Mesh {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _starting = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let gated = spec.workloads.iter().filter(|one| one.inbound.plugin.is_some());
    let gated: Vec<String> = gated.map(|one| one.name.clone()).collect();
    let mesh = Mesh::start(spec).unwrap();
    // Gauges are set in a gate's first second.
    let ready = |name: &String| {
        let of = |(name, value): (&String, &u64)| {
            *value > 0 && (name.contains("stepgate_gate") || name.contains("stepgate_no_config"))
        };
        mesh.stats(name).unwrap().iter().any(of)
    };
    until("the gauges", || gated.iter().all(ready));
    mesh
}

pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed().as_secs() < 60, "no {what}");
        thread::yield_now();
    }
}

pub(crate) fn endpoints(mesh: &Mesh, names: &[&str]) -> Vec<(String, Endpoint)> {
    names.iter().map(|name| ((*name).to_owned(), endpoint(mesh.addresses(name).unwrap().admin))).collect()
}

pub(crate) fn ask(mesh: &Mesh, text: &str, names: &[&str]) -> Report {
    examine(&expected(text), &endpoints(mesh, names), None).unwrap()
}

/// No key is shown.
pub(crate) fn assert_no_secret(report: &Report) {
    let secret = "sRiFB4DThc8JRXf1fPPCPpj0kgLTERLcuirFbh9KgVw";
    assert!(KEY.contains(secret));
    assert!(!report.table(&str::to_owned).contains(secret));
    assert!(!serde_json::to_string(report).unwrap().contains(secret));
}
