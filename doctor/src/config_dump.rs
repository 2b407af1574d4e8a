//! The configuration of a proxy, read from `/config_dump` (its own, or the one that istiod generates, see
//! [`with_proto_names`]): the filter chains through which requests reach its application, with the gates in them and
//! what comes after these; the filter chains and clusters through which requests leave; and the routes on which it tries
//! requests again.

mod chain;
mod clusters;
mod filters;
mod json;
mod policy;
mod proto_names;
mod retries;

use std::collections::BTreeSet;

use serde_json::Value;

pub(crate) use chain::{Carries, FilterChain};
pub(crate) use clusters::Cluster;
pub(crate) use filters::InstalledGate;
use json::{list, sections, text};
pub(crate) use proto_names::with_proto_names;
pub(crate) use retries::Retry;

/// The part of a configuration that a gate depends on.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConfigDump {
    /// The filter chains that lead to the application: those of inbound listeners, and of others with the same target.
    pub(crate) chains: Vec<FilterChain>,
    /// The filter chains of outbound listeners that carry requests; of listeners without a direction, those with a gate.
    pub(crate) outbound: Vec<FilterChain>,
    /// Every cluster that is in use.
    pub(crate) clusters: Vec<Cluster>,
    /// The beginning of the names of the router's headers, if the bootstrap has another one than `x-envoy`.
    pub(crate) header_prefix: Option<String>,
    /// Listeners whose latest configuration the proxy refused, each with the reason.
    pub(crate) refused: Vec<(String, String)>,
    /// The clusters of other workloads to which it sends a request more than once.
    pub(crate) retries: Vec<Retry>,
}

impl ConfigDump {
    pub(crate) fn read(dump: &Value) -> Self {
        let extensions: Vec<&Value> = sections(dump, "EcdsConfigDump")
            .flat_map(|section| list(section, "ecds_filters"))
            .filter_map(|f| f.get("ecds_filter"))
            .collect();
        let mut read = Self {
            retries: retries::read(dump),
            clusters: clusters::read(dump),
            header_prefix: header_prefix(dump),
            ..Self::default()
        };
        let (mut inbound, mut others) = (Vec::new(), Vec::new());
        for section in sections(dump, "ListenersConfigDump") {
            let active = list(section, "static_listeners").filter_map(|l| l.get("listener"));
            let dynamic = list(section, "dynamic_listeners").filter_map(|l| l.pointer("/active_state/listener"));
            for listener in active.chain(dynamic) {
                let chains = chain::read(listener, dump, &extensions);
                match listener["traffic_direction"].as_str() {
                    Some("INBOUND") => inbound.extend(chains),
                    direction => {
                        let is_outbound = |chain: &&FilterChain| {
                            chain.carries == Carries::Requests
                                && (direction == Some("OUTBOUND") || !chain.gates.is_empty())
                        };
                        read.outbound.extend(chains.iter().filter(is_outbound).cloned());
                        others.extend(chains);
                    }
                }
            }
            let refused = list(section, "dynamic_listeners").filter_map(|l| {
                let why = l.pointer("/error_state/details")?;
                Some((text(l.get("name")), text(Some(why))))
            });
            read.refused.extend(refused);
        }
        let targets: BTreeSet<String> = inbound.iter().flat_map(|chain| targets(chain, dump)).collect();
        // A way to the same application, whatever its direction is said to be.
        others.retain(|chain| self::targets(chain, dump).iter().any(|target| targets.contains(target)));
        read.chains = inbound.into_iter().chain(others).collect();
        read
    }

    /// The gates on both sides of the application.
    pub(crate) fn gates(&self) -> impl Iterator<Item = &InstalledGate> {
        self.chains.iter().chain(&self.outbound).flat_map(|chain| &chain.gates)
    }
}

fn header_prefix(dump: &Value) -> Option<String> {
    let mut bootstraps = sections(dump, "BootstrapConfigDump").filter_map(|section| section.get("bootstrap"));
    let prefix = bootstraps.find_map(|bootstrap| bootstrap.get("header_prefix")?.as_str());
    prefix.filter(|prefix| !prefix.is_empty() && *prefix != "x-envoy").map(str::to_owned)
}

/// The clusters of a chain, and the addresses that these are configured with.
fn targets(chain: &FilterChain, dump: &Value) -> Vec<String> {
    let own = json::clusters(dump).filter(|cluster| chain.clusters.contains(&text(cluster.get("name"))));
    let endpoints = own.flat_map(|cluster| cluster.pointer("/load_assignment/endpoints").and_then(Value::as_array));
    let hosts = endpoints.flatten().flat_map(|locality| list(locality, "lb_endpoints"));
    let addresses = hosts.filter_map(|host| host.pointer("/endpoint/address")).map(Value::to_string);
    addresses.chain(chain.clusters.iter().cloned()).collect()
}
