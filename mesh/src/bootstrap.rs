//! The bootstrap of one Envoy: for each workload that it hosts, an inbound and an egress listener.

pub(super) mod discovery;
pub(super) mod dynamic;
mod egress;
mod inbound;
mod member;
mod parts;
mod tls;

use serde_json::{Value, json};

use super::spec::Delivery;
pub(super) use member::{Member, MeshConfig};
use parts::address;
pub use parts::{configuration_text, plugin_configuration};

/// The labels of the filter's metrics.
const LABELS: [&str; 10] =
    ["workflow", "transition", "code", "revision", "digest", "mode", "version", "actor", "kid", "use"];

/// The bootstrap of the Envoy that hosts these workloads; its admin interface is the first one's.
pub(super) fn bootstrap(hosted: &[&Member], mesh: &MeshConfig<'_>) -> Value {
    let mut listeners = Vec::new();
    let mut clusters = Vec::new();
    for member in hosted {
        if mesh.spec.delivery != Delivery::Listener {
            listeners.push(inbound::listener(member, mesh));
        }
        clusters.push(inbound::cluster(member));
        clusters.extend(member.workload.inbound.clusters.clone());
        if let Some(egress) = &member.workload.egress {
            let peers = egress::Peers { member, all: mesh.members, alone: hosted.len() == 1 };
            listeners.push(egress::listener(&peers, egress, mesh.spec));
            clusters.extend(egress::clusters(&peers, mesh.authority));
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
    if let (Some(first), Delivery::Listener, Some(whole)) = (first, mesh.spec.delivery, whole.as_object_mut()) {
        whole.insert("dynamic_resources".into(), dynamic::listeners_from(first, mesh));
    }
    whole
}
