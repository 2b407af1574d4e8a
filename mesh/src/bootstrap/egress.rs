//! The egress listener: plain text from the application, mutual TLS to the workload that it names.

use std::path::Path;

use serde_json::{Value, json};

use super::member::Member;
use super::parts::{address, connection_manager, endpoint, http_filters, routes_to, same_protocol, wasm};
use super::tls;
use crate::spec::{Egress, MeshSpec};

/// One workload and those that it may call: all, including itself.
pub(super) struct Peers<'a> {
    pub(super) member: &'a Member,
    pub(super) all: &'a [Member],
    /// Whether its Envoy hosts no other workload, so that names need not tell them apart.
    pub(super) alone: bool,
}

pub(super) fn listener(peers: &Peers<'_>, egress: &Egress, spec: &MeshSpec) -> Value {
    let name = &peers.member.workload.name;
    let gate = egress.plugin.as_ref().map(|plugin| wasm(spec, &format!("outbound.{name}"), plugin));
    let manager = json!({
        "route_config": {
            "name": format!("outbound.{name}"),
            // `vfx-1` and `vfx-1:80` are the same workload.
            "ignore_port_in_host_matching": true,
            "virtual_hosts": peers.all.iter().map(|to| virtual_host(peers, egress, to)).collect::<Vec<_>>(),
        },
        "http_filters": http_filters(gate),
    });
    json!({
        "name": format!("outbound.{name}"),
        "traffic_direction": "OUTBOUND",
        "address": address(peers.member.addresses.egress),
        "enable_reuse_port": false,
        "filter_chains": [{"filters": [connection_manager("outbound", peers.member, manager)]}],
    })
}

fn virtual_host(peers: &Peers<'_>, egress: &Egress, to: &Member) -> Value {
    let mut domains = vec![&to.workload.name];
    domains.extend(to.workload.hosts.iter().filter(|host| **host != to.workload.name));
    json!({
        "name": to.workload.name,
        "domains": domains,
        "routes": routes_to(&cluster_name(peers, to), &egress.route),
    })
}

pub(super) fn clusters(peers: &Peers<'_>, authority: &Path) -> Vec<Value> {
    let cluster = |to: &Member| {
        let name = cluster_name(peers, to);
        json!({
            "name": name,
            "type": "STATIC",
            "connect_timeout": "5s",
            "typed_extension_protocol_options": same_protocol(),
            "transport_socket": tls::client(peers.member, to, authority),
            "load_assignment": endpoint(&name, to.addresses.inbound),
        })
    };
    peers.all.iter().map(cluster).collect()
}

/// As Istio names it: `outbound|port|subset|host`.
fn cluster_name(peers: &Peers<'_>, to: &Member) -> String {
    let subset = if peers.alone { "" } else { &peers.member.workload.name };
    let host = to.workload.hosts.first().unwrap_or(&to.workload.name);
    format!("outbound|8080|{subset}|{host}")
}
