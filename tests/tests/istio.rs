//! What a cluster owner applies holds what the gate reads.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test says what is wrong by failing"
)]

use std::path::Path;

use serde_json::Value;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn objects(file: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(root().join(file)).unwrap();
    text.split("\n---\n")
        .map(|document| {
            stepgate_config::to_json(document.as_bytes()).unwrap_or_else(|errors| panic!("{file}: {}", errors[0]))
        })
        .collect()
}

fn of_kind<'a>(objects: &'a [Value], kind: &str) -> &'a Value {
    objects.iter().find(|object| object["kind"] == kind).unwrap_or_else(|| panic!("no {kind}"))
}

#[test]
fn the_plugin_holds_the_example_and_a_configuration_that_reads() {
    let objects = objects("istio/movie.yaml");
    let config = &of_kind(&objects, "WasmPlugin")["spec"]["pluginConfig"];
    let gate = stepgate_config::read_gate(config.to_string().as_bytes());
    assert!(gate.checked.is_some(), "{:?}", gate.diagnostics);
    let example = std::fs::read(root().join("config/examples/movie.yaml")).unwrap();
    assert_eq!(config["workflows"], serde_json::json!([stepgate_config::to_json(&example).unwrap()]));
}

#[test]
fn the_plugin_fails_closed_and_looks_inwards() {
    let objects = objects("istio/movie.yaml");
    let spec = &of_kind(&objects, "WasmPlugin")["spec"];
    assert_eq!(spec["failStrategy"], "FAIL_CLOSE");
    assert_eq!(spec["phase"], "AUTHZ");
    assert_eq!(spec["match"], serde_json::json!([{"mode": "SERVER"}]));
    assert_eq!(of_kind(&objects, "PeerAuthentication")["spec"]["mtls"]["mode"], "STRICT");
}

/// Every variable that the configuration names comes from the proxy's environment, and the interlock's
/// policy asks for the header that the gate sets.
#[test]
fn secrets_come_from_the_environment() {
    let objects = objects("istio/movie.yaml");
    let spec = &of_kind(&objects, "WasmPlugin")["spec"];
    let named: Vec<&str> =
        spec["vmConfig"]["env"].as_array().unwrap().iter().filter_map(|env| env["name"].as_str()).collect();
    let gate = stepgate_config::read_gate(spec["pluginConfig"].to_string().as_bytes()).checked.unwrap();
    for key in &gate.keys {
        let stepgate_config::gate::KeySource::Env(env) = &key.source else { panic!("a key in the configuration") };
        assert!(named.contains(&env.as_str()), "{env}");
    }
    assert!(gate.interlock.iter().all(|env| named.contains(&env.as_str())));
    let policy = &of_kind(&objects, "AuthorizationPolicy")["spec"];
    assert_eq!(policy["action"], "DENY");
    let wanted = format!("request.headers[{}]", stepgate_decision::permit::INTERLOCK_HEADER);
    assert_eq!(policy["rules"][0]["when"][0]["key"], wanted.as_str());
}
