//! The outbound side: its gates, and the clusters that they take for a receiver or for a host of the `egress` list.

use std::sync::Arc;

use stepgate_config::GateConfig;
use stepgate_config::gate::Direction;
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Actor, RequestPattern};

use super::configuration::read;
use super::gate;
use super::settings::Side;
use crate::config_dump::{Cluster, ConfigDump, FilterChain, InstalledGate};
use crate::expected::ExpectedState;
use crate::finding::{Finding, Kind};

pub(super) fn findings(expected: &ExpectedState, workloads: &[SpiffeId], dump: &ConfigDump) -> Vec<Finding> {
    let mut findings = Vec::new();
    if expected.is_outbound() {
        findings.extend(missing(&dump.outbound));
    }
    for chain in &dump.outbound {
        let FilterChain { name, gates, .. } = chain;
        if gates.iter().any(|gate| gate.fails_open) {
            let message = format!("the gate in `{name}` lets requests pass when the module cannot run");
            findings.push(Finding::new(Kind::FailsOpen, message));
        }
        for installed in gates {
            match read(installed) {
                Ok(config) if config.direction == Direction::Inbound => {}
                Ok(config) => {
                    findings.extend(gate::findings(&config, expected, workloads, Side::Outbound));
                    findings.extend(dump.clusters.iter().filter_map(|cluster| of_cluster(cluster, &config)));
                }
                Err(finding) => findings.push(finding),
            }
        }
    }
    findings
}

/// Ways out without a gate.
fn missing(chains: &[FilterChain]) -> Vec<Finding> {
    let missing = |message| Finding::new(Kind::NoOutboundGate, message);
    if chains.is_empty() {
        return vec![missing("it has no outbound listener that handles requests".to_owned())];
    }
    let mut findings = Vec::new();
    for FilterChain { name, gates, gates_off, not_fetched, .. } in chains {
        if let Some(filter) = not_fetched {
            findings.push(Finding::new(Kind::NotFetched, format!("`{name}` has no module for `{filter}`")));
        } else if gates_off.is_empty() && gates.iter().all(is_inbound) {
            findings.push(missing(format!("`{name}` has no outbound gate")));
        }
        findings.extend(gates_off.iter().map(|why| missing(format!("in `{name}`, {why}, which is the gate"))));
    }
    findings
}

/// Whether a gate takes even this side for the other one.
fn is_inbound(gate: &InstalledGate) -> bool {
    read(gate).is_ok_and(|config| config.direction == Direction::Inbound)
}

/// The gate knows a cluster by its name only. The cluster must lead to the host of that name.
fn of_cluster(cluster: &Cluster, config: &GateConfig) -> Option<Finding> {
    let (host, port) = cluster.host_and_port()?;
    let name = &cluster.name;
    let is = |own: &str| own.eq_ignore_ascii_case(host) || own.eq_ignore_ascii_case(&format!("{host}:{port}"));
    let actors: Vec<&Arc<Actor>> = receivers(config).filter(|actor| actor.hosts.iter().any(|own| is(own))).collect();
    let listed =
        |entry: &RequestPattern| entry.host.as_deref().is_some_and(is) && entry.port.is_none_or(|own| own == port);
    let Some(actor) = actors.first() else {
        let leads_anywhere = cluster.any_address && config.egress.iter().any(listed);
        let message = format!("its outbound gate takes `{name}` for a host of the `egress` list, and");
        return leads_anywhere.then(|| any_address(&message));
    };
    let of_an_actor = |id: SpiffeId| actors.iter().any(|actor| actor.includes(&id));
    let is_receiver = |name: &String| SpiffeId::try_from(name.as_bytes()).is_ok_and(of_an_actor);
    if !cluster.names.is_empty() && cluster.names.iter().all(is_receiver) {
        return None;
    }
    let message = format!("its outbound gate takes `{name}` for `{}`, and", actor.name);
    if cluster.any_address {
        return Some(any_address(&message));
    }
    // The workloads of an open segment have no names that a certificate could be compared with.
    let known = actors.iter().all(|actor| actor.open.is_empty());
    known.then(|| {
        let message = format!("{message} accepts servers there without a certificate of that actor");
        Finding::new(Kind::NotPinned, message)
    })
}

fn any_address(message: &str) -> Finding {
    let message = format!("{message} requests go to whatever address the application has dialled (`ORIGINAL_DST`)");
    Finding::new(Kind::AnyAddress, message)
}

/// The actors that the gate's own workload calls.
fn receivers(config: &GateConfig) -> impl Iterator<Item = &Arc<Actor>> {
    let transitions = config.workflows.iter().flat_map(|workflow| &workflow.transitions);
    let own = |caller: &Actor| config.own.as_ref().is_some_and(|own| caller.includes(own));
    transitions.filter(move |transition| own(&transition.caller)).map(|transition| &transition.to.performer)
}
