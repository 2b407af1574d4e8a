//! The bootstrap of one Envoy: for each workload that it hosts, a way in and a way out.

pub(super) mod dynamic;
mod egress;
mod inbound;
mod tls;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::network::Addresses;
use super::spec::{Delivery, Plugin, Vms, Workload};

/// The type of a Wasm filter's configuration.
const WASM: &str = "envoy.extensions.filters.http.wasm.v3.Wasm";

/// A workload with all that its Envoy has to know of it.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) workload: Workload,
    pub(super) addresses: Addresses,
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
    pub(super) access_log: PathBuf,
}

/// What all Envoys of a mesh share.
#[derive(Debug)]
pub(super) struct Surroundings<'a> {
    /// Every workload of the mesh.
    pub(super) members: &'a [Member],
    /// The certificate of the CA.
    pub(super) authority: &'a Path,
    /// How inbound filters come.
    pub(super) delivery: Delivery,
    /// Which filters share a VM.
    pub(super) vms: Vms,
    /// Where the files lie that an Envoy watches.
    pub(super) directory: &'a Path,
}

/// The labels of the filter's metrics.
const LABELS: [&str; 10] =
    ["workflow", "transition", "code", "revision", "digest", "mode", "version", "actor", "kid", "use"];

/// The bootstrap of the Envoy that hosts these workloads; its admin interface is the first one's.
pub(super) fn bootstrap(hosted: &[&Member], around: &Surroundings<'_>) -> Value {
    let mut listeners = Vec::new();
    let mut clusters = Vec::new();
    for member in hosted {
        if around.delivery != Delivery::Listener {
            listeners.push(inbound::listener(member, around));
        }
        clusters.push(inbound::cluster(member));
        if let Some(egress) = &member.workload.egress {
            let peers = egress::Peers { member, all: around.members, alone: hosted.len() == 1 };
            listeners.push(egress::listener(&peers, egress, around.vms));
            clusters.extend(egress::clusters(&peers, around.authority));
        }
    }
    let first = hosted.first();
    let mut whole = json!({
        "node": {
            "id": first.map(|m| m.workload.name.as_str()),
            "cluster": "stepgate-lab",
        },
        // A module's metrics have their labels in their names; these take them out (`filter/README.md`).
        "stats_config": {"stats_tags": LABELS.map(|label| {
            json!({"tag_name": label, "regex": format!(r"({label}=\.=(.*?);\.;)")})
        })},
        "admin": {"address": first.map(|m| address(m.addresses.admin))},
        "static_resources": {"listeners": listeners, "clusters": clusters},
    });
    if let (Some(first), Delivery::Listener, Some(whole)) = (first, around.delivery, whole.as_object_mut()) {
        whole.insert("dynamic_resources".into(), dynamic::listeners_from(first, around));
    }
    whole
}

fn address(at: std::net::SocketAddr) -> Value {
    json!({"socket_address": {"address": at.ip().to_string(), "port_value": at.port()}})
}

fn endpoint(cluster: &str, at: std::net::SocketAddr) -> Value {
    json!({
        "cluster_name": cluster,
        "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address(at)}}]}],
    })
}

/// HTTP filters: the gate's, then the router.
fn http_filters(gate: Option<Value>) -> Vec<Value> {
    let router = json!({
        "name": "envoy.filters.http.router",
        "typed_config": typed("envoy.extensions.filters.http.router.v3.Router", json!({})),
    });
    gate.into_iter().chain([router]).collect()
}

/// A filter whose configuration stands right here.
fn wasm(vms: Vms, listener: &str, plugin: &Plugin) -> Value {
    json!({"name": "stepgate", "typed_config": wasm_config(vms, listener, plugin)})
}

fn wasm_config(vms: Vms, listener: &str, plugin: &Plugin) -> Value {
    // Plugins with the same id and module share one VM, those with the same id its shared data.
    let vm_id = match vms {
        Vms::OneEach => listener,
        Vms::Shared => "",
    };
    let mut config = json!({
        "name": "stepgate",
        // A trap must never open the gate.
        "failure_policy": "FAIL_CLOSED",
        "vm_config": {
            "vm_id": vm_id,
            "runtime": "envoy.wasm.runtime.v8",
            "code": {"local": {"filename": plugin.module}},
            "environment_variables": {"key_values": plugin.environment},
        },
    });
    if let (false, Some(config)) = (plugin.configuration.is_empty(), config.as_object_mut()) {
        let value = json!({"value": plugin.configuration});
        config.insert("configuration".into(), typed("google.protobuf.StringValue", value));
    }
    typed(WASM, json!({"config": config}))
}

/// A connection manager that takes HTTP/1.1 and HTTP/2 alike and refuses nothing by itself that the
/// filter is there to refuse: upgrades, CONNECT, trailers.
fn connection_manager(direction: &str, member: &Member, own: Value) -> Value {
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
fn routes_to(cluster: &str) -> Value {
    let route = json!({"cluster": cluster, "timeout": "0s"});
    json!([
        {"match": {"connect_matcher": {}}, "route": route},
        {"match": {"prefix": "/"}, "route": route},
    ])
}

/// The protocol of the request that came in is that of the one that goes out.
fn same_protocol() -> Value {
    let options = json!({
        "use_downstream_protocol_config": {
            "http_protocol_options": {"enable_trailers": true},
            "http2_protocol_options": {"allow_connect": true},
        },
    });
    let ty = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
    json!({ty: typed(ty, options)})
}

/// One line of JSON a request, read back by [`super::AccessEntry`].
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

fn typed(name: &str, mut config: Value) -> Value {
    if let Some(config) = config.as_object_mut() {
        config.insert("@type".into(), format!("type.googleapis.com/{name}").into());
    }
    config
}
