//! The inbound listener: mutual TLS, the gate, the application behind it.

use serde_json::{Value, json};

use super::member::{Member, MeshConfig};
use super::parts::{address, connection_manager, endpoint, http_filters, routes_to, same_protocol};
use super::{discovery, tls};
use crate::spec::PathNormalization;

pub(super) fn listener(member: &Member, mesh: &MeshConfig<'_>) -> Value {
    let workload = &member.workload;
    let routes = [workload.inbound.routes.clone(), routes_to(&cluster_name(member), &serde_json::Map::new())].concat();
    let mut manager = json!({
        "route_config": {
            "name": cluster_name(member),
            "virtual_hosts": [{
                "name": "inbound|http|8080",
                "domains": ["*"],
                "routes": routes,
            }],
        },
        "http_filters": http_filters(discovery::gate(member, mesh).into_iter().chain(workload.inbound.filters.clone())),
        // As an Istio sidecar does: a caller's own value stays in front, so the header proves nothing.
        "forward_client_cert_details": "APPEND_FORWARD",
        "set_current_client_cert_details": {"subject": true, "dns": true, "uri": true},
    });
    if let Some(manager) = manager.as_object_mut() {
        manager.extend(normalization(workload.inbound.path_normalization));
        manager.extend(workload.inbound.manager.clone());
    }
    json!({
        "name": format!("inbound.{}", workload.name),
        "traffic_direction": "INBOUND",
        "address": address(member.addresses.inbound),
        "additional_addresses": further_addresses(member),
        // Otherwise a second mesh on the same address would silently share the traffic.
        "enable_reuse_port": false,
        // Otherwise a filter would not see the requested server name.
        "listener_filters": [tls::inspector()],
        "filter_chains": [{
            "transport_socket": tls::server(member, mesh.authority, workload.inbound.client_certificate),
            "filters": [connection_manager("inbound", member, manager)],
        }],
    })
}

fn further_addresses(member: &Member) -> Vec<Value> {
    let inbound = member.addresses.inbound;
    let further = member.workload.inbound.ports.iter().filter(|port| **port != inbound.port());
    further.map(|port| json!({"address": address((inbound.ip(), *port).into())})).collect()
}

pub(super) fn cluster(member: &Member) -> Value {
    let name = cluster_name(member);
    json!({
        "name": name,
        "type": "STATIC",
        "connect_timeout": "5s",
        "typed_extension_protocol_options": same_protocol(),
        "load_assignment": endpoint(&name, member.application()),
    })
}

/// As Istio names it, with the workload where Istio has nothing: one Envoy may host several.
fn cluster_name(member: &Member) -> String {
    format!("inbound|8080||{}", member.workload.name)
}

/// What Istio sets for each `pathNormalization`.
fn normalization(mode: PathNormalization) -> serde_json::Map<String, Value> {
    let (normalize, merge, escaped) = match mode {
        PathNormalization::None => (false, false, "KEEP_UNCHANGED"),
        PathNormalization::Base => (true, false, "KEEP_UNCHANGED"),
        PathNormalization::MergeSlashes => (true, true, "KEEP_UNCHANGED"),
        PathNormalization::DecodeAndMergeSlashes => (true, true, "UNESCAPE_AND_FORWARD"),
    };
    [
        ("normalize_path".into(), normalize.into()),
        ("merge_slashes".into(), merge.into()),
        ("path_with_escaped_slashes_action".into(), escaped.into()),
    ]
    .into_iter()
    .collect()
}
