//! The manifests in the repository are those that `stepgate render` writes, and contain everything that gates read.
//!
//! These tests run without a cluster. Kustomize builds the stages; the schemas of several releases of Istio validate
//! the manifests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

#[path = "manifests/chart.rs"]
mod chart;
#[path = "manifests/crd.rs"]
mod crd;
#[path = "manifests/documents.rs"]
mod documents;
#[path = "manifests/schemas.rs"]
mod schemas;
#[path = "manifests/stages.rs"]
mod stages;
#[path = "manifests/tools.rs"]
mod tools;

use serde_json::Value;

use tools::{objects, root, stepgate};

#[test]
fn the_manifests_in_the_repository_are_current() {
    let ran = stepgate(&["render", "istio", "config/examples/movie.yaml", "--out", "istio/movie", "--check"]);
    assert_eq!(ran.0, 0, "stepgate render istio config/examples/movie.yaml --out istio/movie\n{}", ran.1);
}

/// Every variable in the configuration comes from the proxy's environment, and the interlock's policy requires the
/// header that the gate sets.
#[test]
fn secrets_come_from_the_environment() {
    let read = |path: &str| objects(&std::fs::read_to_string(root().join("istio/movie").join(path)).unwrap());
    let base = read("base/movie.yaml");
    let spec = &base.iter().find(|object| object["kind"] == "WasmPlugin").unwrap()["spec"];
    let environment = spec["vmConfig"]["env"].as_array().unwrap();
    assert!(environment.iter().all(|variable| variable["valueFrom"] == "HOST" && variable.get("value").is_none()));
    let named: Vec<&str> = environment.iter().filter_map(|variable| variable["name"].as_str()).collect();
    let gate = stepgate_config::read_gate(spec["pluginConfig"].to_string().as_bytes()).checked.unwrap();
    for key in &gate.keys {
        let stepgate_config::gate::KeySource::Env(env) = &key.source else { panic!("a key in the configuration") };
        assert!(named.contains(&env.as_str()), "{env}");
    }
    assert!(!gate.interlock.is_empty() && gate.interlock.iter().all(|env| named.contains(&env.as_str())));
    let policies = read("components/interlock/interlock.yaml");
    assert_eq!(policies.len(), 7);
    for policy in &policies {
        assert_eq!(policy["spec"]["action"], "DENY");
        let key = format!("request.headers[{}]", stepgate_decision::permit::INTERLOCK_HEADER);
        assert_eq!(policy["spec"]["rules"][0]["when"][0]["key"], Value::from(key));
    }
}
