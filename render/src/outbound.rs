//! The outbound side of the workloads: a gate for the requests that each sends, and what closes the ways past it.
//!
//! A Sidecar leaves each proxy only the receivers of its workload's transitions and the hosts of the `egress` list; all else
//! has no route (`REGISTRY_ONLY`). A DestinationRule pins each receiver to its SPIFFE IDs, so that a name leads to no one else.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::without_port;

use crate::error::RenderError;
use crate::gate::{self, DETACHED, Gate, Side, Target};
use crate::inventory::{Inventory, Role};
use crate::manifest::manifest;
use crate::names;
use crate::options::Options;
use crate::secrets::Secrets;
use crate::workload::Workload;

/// Settings that are for requests that come in.
const INBOUND_ONLY: [&str; 2] = ["exempt", "limits"];

/// A gate on the outbound side of each workload. Each names its own workload: on this side there is no certificate.
///
/// # Errors
/// A receiver without a name, or a configuration that a gate would refuse.
pub(super) fn gates(
    inventory: &Inventory<'_>,
    secrets: &Secrets,
    workloads: &[Workload],
    options: &Options,
) -> Result<Vec<Gate>, RenderError> {
    let gate = |workload: &Workload| {
        receivers(inventory, workload)?;
        let own = inventory.id_of(workload).ok_or_else(|| RenderError::NoIdentity(workload.to_string()))?;
        let mut config = gate::common(inventory, secrets, std::slice::from_ref(workload), options)?;
        INBOUND_ONLY.iter().for_each(|key| _ = config.remove(*key));
        config.insert("direction".into(), "outbound".into());
        config.insert("self".into(), own.as_str().into());
        Ok(Gate {
            name: name(workload),
            namespace: workload.namespace().to_owned(),
            target: Target::Labels(workload.labels(&options.label)),
            side: Side::Outbound,
            variables: secrets.variables(workload, inventory.roles(workload))?,
            config: gate::checked(config)?,
        })
    };
    workloads.iter().map(gate).collect()
}

/// No plugin of the inbound side begins so.
fn name(workload: &Workload) -> String {
    format!("outbound-{}", workload.resource())
}

/// The names of the receivers of this workload's transitions, each with the actors that it leads to.
///
/// # Errors
/// A receiver without `hosts`.
fn receivers<'d>(
    inventory: &Inventory<'d>,
    workload: &Workload,
) -> Result<BTreeMap<String, Vec<Role<'d>>>, RenderError> {
    let mut receivers: BTreeMap<String, Vec<Role<'_>>> = BTreeMap::new();
    for role in inventory.roles(workload) {
        let transitions = role.document.workflow.transitions.iter();
        for called in transitions.filter(|transition| transition.caller.name == role.actor.name) {
            let actor = &*called.to.performer;
            // Istio takes no name without a dot.
            let hosts = actor.hosts.iter().map(|host| without_port(host)).filter(|host| host.contains('.'));
            if hosts.clone().next().is_none() {
                return Err(RenderError::NoHosts { actor: actor.name.to_string(), caller: workload.to_string() });
            }
            for host in hosts {
                receivers.entry(host.to_owned()).or_default().push(Role { actor, ..*role });
            }
        }
    }
    Ok(receivers)
}

/// What closes the ways past the gates.
///
/// # Errors
/// A receiver without `hosts`.
pub(super) fn closed(
    inventory: &Inventory<'_>,
    workloads: &[Workload],
    options: &Options,
) -> Result<Vec<Value>, RenderError> {
    let mut manifests = Vec::new();
    for workload in workloads {
        let receivers = receivers(inventory, workload)?;
        let listed = options.settings.get("egress").and_then(Value::as_array).into_iter().flatten();
        let listed = listed.filter_map(|entry| entry.get("host")?.as_str()).map(|host| without_port(host).to_owned());
        let hosts: BTreeSet<String> = receivers.keys().cloned().chain(listed).collect();
        manifests.push(sidecar(workload, &workload.labels(&options.label), &hosts));
        // Nobody knows the workloads of an open segment.
        let known = receivers.iter().filter(|(_, actors)| actors.iter().all(|role| role.actor.open.is_empty()));
        manifests.extend(known.map(|(host, actors)| pinned(workload, host, actors, options)));
    }
    Ok(manifests)
}

/// The Sidecars for no pod at all.
pub(super) fn idle(workloads: &[Workload]) -> Vec<Value> {
    let nobody = json!({DETACHED: "detached"});
    workloads.iter().map(|workload| sidecar(workload, &nobody, &BTreeSet::new())).collect()
}

fn sidecar(workload: &Workload, labels: &Value, hosts: &BTreeSet<String>) -> Value {
    let mut hosts: Vec<String> = hosts.iter().map(|host| format!("*/{host}")).collect();
    if hosts.is_empty() {
        hosts.push("~/*".to_owned());
    }
    let spec = json!({
        "workloadSelector": {"labels": labels},
        "outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"},
        "egress": [{"hosts": hosts}],
    });
    manifest("networking.istio.io/v1", "Sidecar", &name(workload), workload.namespace(), &spec)
}

/// The rule for calls of one workload to one host. An owner's own rule for that host is not in force there.
fn pinned(workload: &Workload, host: &str, actors: &[Role<'_>], options: &Options) -> Value {
    // While the trust domain is renamed, a receiver's certificate may have either name.
    let of = |role: &Role<'_>| {
        let home = role.document.workflow.trust_domain.as_str();
        let renamed = |id: &SpiffeId, domain: &str| format!("spiffe://{domain}/{}", id.path());
        let ids = role.actor.spiffe.iter();
        let aliases = ids
            .filter(|id| id.trust_domain() == home)
            .flat_map(|id| options.trust_domain_aliases.iter().map(move |domain| renamed(id, domain)));
        aliases.chain(role.actor.spiffe.iter().map(ToString::to_string)).collect::<Vec<_>>()
    };
    let ids: BTreeSet<String> = actors.iter().flat_map(of).collect();
    let spec = json!({
        "host": host,
        "workloadSelector": {"matchLabels": workload.labels(&options.label)},
        "trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL", "subjectAltNames": ids}},
    });
    // A digest: an account and a host together can be too long, and have dots.
    let name = names::label("outbound-", &format!("{}/{host}", workload.account()));
    manifest("networking.istio.io/v1", "DestinationRule", &name, workload.namespace(), &spec)
}
