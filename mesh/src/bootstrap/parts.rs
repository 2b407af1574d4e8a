//! Parts of a bootstrap that several listeners and clusters have in common.

use serde_json::{Map, Value, json};

use super::member::Member;
use crate::spec::{Environment, MeshSpec, Plugin, Vms};

/// The type of a Wasm filter's configuration.
pub(super) const WASM: &str = "envoy.extensions.filters.http.wasm.v3.Wasm";

pub(super) fn address(at: std::net::SocketAddr) -> Value {
    json!({"socket_address": {"address": at.ip().to_string(), "port_value": at.port()}})
}

pub(super) fn endpoint(cluster: &str, at: std::net::SocketAddr) -> Value {
    json!({
        "cluster_name": cluster,
        "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address(at)}}]}],
    })
}

/// HTTP filters: these, then the router.
pub(super) fn http_filters(filters: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let router = json!({
        "name": "envoy.filters.http.router",
        "typed_config": typed("envoy.extensions.filters.http.router.v3.Router", json!({})),
    });
    filters.into_iter().chain([router]).collect()
}

/// A filter with its configuration.
pub(super) fn wasm(spec: &MeshSpec, listener: &str, plugin: &Plugin) -> Value {
    json!({"name": "stepgate", "typed_config": wasm_config(spec, listener, plugin)})
}

pub(super) fn wasm_config(spec: &MeshSpec, listener: &str, plugin: &Plugin) -> Value {
    // Plugins with the same id and module share one VM, those with the same id its shared data.
    let vm_id = match spec.vms {
        Vms::OneEach => listener,
        Vms::Shared => "",
    };
    let environment = match spec.environment {
        Environment::Configuration => json!({"key_values": plugin.environment}),
        Environment::Process => json!({"host_env_keys": plugin.environment.keys().collect::<Vec<_>>()}),
    };
    let mut config = json!({
        "name": "stepgate",
        // A trap must never open the gate.
        "failure_policy": "FAIL_CLOSED",
        "vm_config": {
            "vm_id": vm_id,
            "runtime": "envoy.wasm.runtime.v8",
            "code": {"local": {"filename": plugin.module}},
            "environment_variables": environment,
        },
    });
    if let (false, Some(config)) = (plugin.configuration.is_empty(), config.as_object_mut()) {
        config.insert("configuration".into(), plugin_configuration(&plugin.configuration));
    }
    typed(WASM, json!({"config": config}))
}

/// The configuration of a plugin in a bootstrap.
pub fn plugin_configuration(text: &str) -> Value {
    typed("google.protobuf.StringValue", json!({"value": configuration_text(text)}))
}

/// The text that a plugin gets: a mapping, in YAML or JSON, as JSON, which Istio makes of it; any other text as it is.
pub fn configuration_text(text: &str) -> String {
    let json = stepgate_config::to_json(text.as_bytes()).ok().filter(Value::is_object);
    json.map_or_else(|| text.to_owned(), |value| value.to_string())
}

/// A connection manager that accepts both HTTP/1.1 and HTTP/2, and leaves it to the filter to refuse upgrades, CONNECT
/// and trailers.
pub(super) fn connection_manager(direction: &str, member: &Member, own: Value) -> Value {
    let mut config = json!({
        "stat_prefix": format!("{direction}.{}", member.workload.name),
        "codec_type": "AUTO",
        "http_protocol_options": {"enable_trailers": true},
        "http2_protocol_options": {"allow_connect": true},
        "upgrade_configs": [{"upgrade_type": "websocket"}, {"upgrade_type": "CONNECT"}],
        "access_log": [access_log(direction, member)],
    });
    if let (Some(config), Value::Object(own)) = (config.as_object_mut(), own) {
        config.extend(own);
    }
    let ty = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
    json!({
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": typed(ty, config),
    })
}

/// Every request to one cluster; CONNECT needs a route of its own kind.
pub(super) fn routes_to(cluster: &str, more: &Map<String, Value>) -> Vec<Value> {
    let mut route = json!({"cluster": cluster, "timeout": "0s"});
    if let Some(route) = route.as_object_mut() {
        route.extend(more.clone());
    }
    let matches = [json!({"connect_matcher": {}}), json!({"prefix": "/"})];
    matches.map(|matches| json!({"match": matches, "route": route})).into()
}

/// The protocol of the request that came in is that of the one that goes out.
pub(super) fn same_protocol() -> Value {
    let options = json!({
        "use_downstream_protocol_config": {
            "http_protocol_options": {"enable_trailers": true},
            "http2_protocol_options": {"allow_connect": true},
        },
    });
    let ty = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
    json!({ty: typed(ty, options)})
}

/// One line of JSON for each request, read back by [`crate::AccessEntry`].
fn access_log(direction: &str, member: &Member) -> Value {
    let log = json!({
        "path": member.access_log,
        "log_format": {"json_format": {
            "direction": direction,
            "id": "%REQ(X-LAB-ID)%",
            "method": "%REQ(:METHOD)%",
            "path": "%REQ(:PATH)%",
            "status": "%RESPONSE_CODE%",
            "details": "%RESPONSE_CODE_DETAILS%",
            "instance": "%FILTER_STATE(wasm.stepgate.instance:PLAIN)%",
            "flags": "%RESPONSE_FLAGS%",
            "peer": "%DOWNSTREAM_PEER_URI_SAN%",
        }},
    });
    json!({
        "name": "envoy.access_loggers.file",
        "typed_config": typed("envoy.extensions.access_loggers.file.v3.FileAccessLog", log),
    })
}

pub(super) fn typed(name: &str, mut config: Value) -> Value {
    if let Some(config) = config.as_object_mut() {
        config.insert("@type".into(), format!("type.googleapis.com/{name}").into());
    }
    config
}
