//! Listeners beside that of the gate, or in its place, given to a running Envoy as a control plane does.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};
use stepgate_doctor::Kind;
use stepgate_mesh::{Delivery, Mesh, MeshSpec, Workload};

use crate::mesh::{ask, configuration, identity, kinds, of, plugin, start, until};

/// Gives the Envoy of `good` its own listener and these.
fn deliver(mesh: &Mesh, own: &[Value], more: &[Value]) {
    let file = mesh.directory().join("good.listeners.json");
    let new = file.with_extension("new");
    let resources: Vec<&Value> = own.iter().chain(more).collect();
    fs::write(&new, json!({"resources": resources}).to_string()).unwrap();
    fs::rename(new, file).unwrap();
}

fn own(mesh: &Mesh) -> Vec<Value> {
    let file = fs::read(mesh.directory().join("good.listeners.json")).unwrap();
    let delivered: Value = serde_json::from_slice(&file).unwrap();
    delivered["resources"].as_array().unwrap().clone()
}

/// A listener with one network filter, without TLS.
fn listener(direction: &str, name: &str, config: Value) -> Value {
    json!({
        "@type": "type.googleapis.com/envoy.config.listener.v3.Listener",
        "name": "another",
        "traffic_direction": direction,
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
        "filter_chains": [{"filters": [{"name": format!("envoy.filters.network.{name}"), "typed_config": config}]}],
    })
}

fn requests(cluster: &str, retry_policy: Value, filters: &[Value]) -> Value {
    let router = json!({
        "name": "envoy.filters.http.router",
        "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
    });
    let mut route = json!({"cluster": cluster});
    if !retry_policy.is_null() {
        route["retry_policy"] = retry_policy;
    }
    let host = json!({"name": "a", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": route}]});
    let ty = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
    json!({
        "@type": format!("type.googleapis.com/{ty}"),
        "stat_prefix": "another",
        "route_config": {"virtual_hosts": [host]},
        "http_filters": filters.iter().chain([&router]).collect::<Vec<_>>(),
    })
}

fn bytes(cluster: &str) -> Value {
    let ty = "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";
    json!({"@type": ty, "stat_prefix": "another", "cluster": cluster})
}

#[test]
fn a_listener_past_the_gate_is_found() {
    let gated = Workload::new("good", identity("good")).gated_by(plugin(&configuration()));
    let bare = Workload::new("bare", identity("bare"));
    let mesh = start(MeshSpec { delivery: Delivery::Listener, ..MeshSpec::new(vec![gated, bare]) });
    let own = own(&mesh);
    let application = "inbound|8080||good";
    let mut of_a_port = listener("INBOUND", "tcp_proxy", bytes(application));
    of_a_port["filter_chains"][0]["filter_chain_match"] = json!({"destination_port": 9000});
    // As Istio translates the interlock's policy for a port without HTTP.
    let refused = json!({
        "name": "envoy.filters.network.rbac",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.rbac.v3.RBAC",
            "stat_prefix": "another",
            "rules": {"action": "DENY", "policies": {"a": {
                "permissions": [{"and_rules": {"rules": [{"any": true}]}}],
                "principals": [{"and_ids": {"ids": [{"any": true}]}}],
            }}},
        },
    });
    let mut of_refused_bytes = of_a_port.clone();
    of_refused_bytes["filter_chains"][0]["filters"].as_array_mut().unwrap().insert(0, refused);
    let mut that_spares_the_port = of_refused_bytes.clone();
    let policy = "/filter_chains/0/filters/0/typed_config/rules/policies/a/permissions/0/and_rules/rules";
    *that_spares_the_port.pointer_mut(policy).unwrap() = json!([
        {"any": true},
        {"not_rule": {"or_rules": {"rules": [{"destination_port": 9000}]}}},
    ]);
    let mut of_one_caller = of_refused_bytes.clone();
    let policy = "/filter_chains/0/filters/0/typed_config/rules/policies/a/principals/0/and_ids/ids";
    *of_one_caller.pointer_mut(policy).unwrap() = json!([{"authenticated": {"principal_name": {"exact": "any"}}}]);
    let invalid = json!({
        "name": "another",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua",
            "default_source_code": {"inline_string": "this is no script"},
        },
    });
    let http = |direction, cluster, retry_policy| {
        listener(direction, "http_connection_manager", requests(cluster, retry_policy, &[]))
    };
    let retry = json!({"retry_on": "5xx", "num_retries": 2});
    let steps: [(&str, Vec<Value>, &[Kind]); 10] = [
        ("no direction", vec![http("UNSPECIFIED", application, Value::Null)], &[Kind::NoGate, Kind::NoMtls]),
        ("the wrong direction", vec![http("OUTBOUND", application, Value::Null)], &[Kind::NoGate, Kind::NoMtls]),
        ("another application", vec![http("OUTBOUND", "outbound|8080||bare", Value::Null)], &[]),
        (
            "retries at an actor without a task of others",
            vec![http("OUTBOUND", "outbound|8080||bare", retry.clone())],
            &[],
        ),
        ("retries", vec![http("OUTBOUND", "outbound|8080||good", retry)], &[Kind::Retries]),
        ("bytes", vec![listener("INBOUND", "tcp_proxy", bytes(application))], &[Kind::NoInterlock, Kind::NoMtls]),
        ("bytes of a port", vec![of_a_port], &[Kind::NotHttp, Kind::NoMtls]),
        ("bytes that a policy refuses", vec![of_refused_bytes], &[Kind::NoMtls]),
        ("bytes that it refuses to one caller", vec![of_one_caller], &[Kind::NotHttp, Kind::NoMtls]),
        ("bytes that it spares", vec![that_spares_the_port], &[Kind::NotHttp, Kind::NoMtls]),
    ];
    let found = || kinds(of(&ask(&mesh, &configuration().to_string(), &["good"]), "good"));
    for (what, more, kinds) in steps {
        deliver(&mesh, &own, &more);
        await_listeners(&mesh, &own, &more);
        // The routes of a listener that was replaced stay until it is drained.
        until(what, || found() == kinds.iter().copied().collect());
    }
    deliver(&mesh, &own, &[]);
    await_listeners(&mesh, &own, &[]);
    let refused = listener("INBOUND", "http_connection_manager", requests(application, Value::Null, &[invalid]));
    deliver(&mesh, &own, &[refused]);
    until("refusal", || found() == BTreeSet::from([Kind::ListenerRefused]));
    deliver(&mesh, &[], &[]);
    until("missing listener", || found() == BTreeSet::from([Kind::NoListener]));
}

/// Waits until the Envoy has the listeners that it was given, with their content.
fn await_listeners(mesh: &Mesh, own: &[Value], more: &[Value]) {
    let admin = mesh.addresses("good").unwrap().admin;
    let count = own.len() + more.len();
    let active = |dump: &Value| {
        let sections = dump["configs"].as_array().unwrap().iter();
        let listeners = sections.flat_map(|section| section["dynamic_listeners"].as_array().into_iter().flatten());
        let active: Vec<Value> = listeners.filter_map(|one| one.pointer("/active_state/listener").cloned()).collect();
        active
    };
    until("listeners", || {
        let dump: Value = serde_json::from_str(&stepgate_tests::http::get(admin, "/config_dump").unwrap()).unwrap();
        let active = active(&dump);
        let has = |given: &Value| {
            let mine = active.iter().find(|one| one["name"] == given["name"]);
            mine.is_some_and(|one| same_content(one, given))
        };
        active.len() == count && more.iter().all(has)
    });
}

/// Envoy's dump leaves out defaults.
fn same_content(dumped: &Value, given: &Value) -> bool {
    let direction =
        |of: &Value| of["traffic_direction"].as_str().filter(|way| *way != "UNSPECIFIED").map(str::to_owned);
    direction(dumped) == direction(given) && dumped["filter_chains"] == given["filter_chains"]
}
