//! The configuration of a proxy, read from `/config_dump` (its own, or the one that istiod generates, see
//! [`with_proto_names`]): the filter chains through which requests reach its application, with the gates in them and
//! what comes after these, and the routes on which it tries requests again.

mod chain;
mod filters;
mod json;
mod policy;
mod proto_names;
mod retries;

use std::collections::BTreeSet;

use serde_json::Value;

pub(crate) use chain::{Carries, FilterChain};
pub(crate) use filters::InstalledGate;
use json::{list, sections, text};
pub(crate) use proto_names::with_proto_names;
pub(crate) use retries::Retry;

/// The part of a configuration that a gate depends on.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConfigDump {
    /// The filter chains that lead to the application: those of inbound listeners, and of others with the same target.
    pub(crate) chains: Vec<FilterChain>,
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
        let mut read = Self { retries: retries::read(dump), ..Self::default() };
        let (mut inbound, mut others) = (Vec::new(), Vec::new());
        for section in sections(dump, "ListenersConfigDump") {
            let active = list(section, "static_listeners").filter_map(|l| l.get("listener"));
            let dynamic = list(section, "dynamic_listeners").filter_map(|l| l.pointer("/active_state/listener"));
            for listener in active.chain(dynamic) {
                let of = if listener["traffic_direction"] == "INBOUND" { &mut inbound } else { &mut others };
                of.extend(chain::read(listener, dump, &extensions));
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
}

/// The clusters of a chain, and the addresses that these are configured with.
fn targets(chain: &FilterChain, dump: &Value) -> Vec<String> {
    let own = json::clusters(dump).filter(|cluster| chain.clusters.contains(&text(cluster.get("name"))));
    let endpoints = own.flat_map(|cluster| cluster.pointer("/load_assignment/endpoints").and_then(Value::as_array));
    let hosts = endpoints.flatten().flat_map(|locality| list(locality, "lb_endpoints"));
    let addresses = hosts.filter_map(|host| host.pointer("/endpoint/address")).map(Value::to_string);
    addresses.chain(chain.clusters.iter().cloned()).collect()
}
