//! The filter chains of a listener.

use serde_json::Value;

use super::filters::{self, Filters, InstalledGate};
use super::json::{at_any_depth, list, route_configurations, text};
use super::policy::refuses_without_interlock;

/// The cluster to which Istio sends connections that it drops.
const BLACK_HOLE: &str = "BlackHoleCluster";

/// What a filter chain carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Carries {
    /// HTTP requests.
    #[default]
    Requests,
    /// Connections, unread: no gate runs there.
    Bytes,
}

/// A filter chain that leads to the application.
#[derive(Debug, Clone, Default)]
pub(crate) struct FilterChain {
    /// The listener and the chain.
    pub(crate) name: String,
    /// What it carries.
    pub(crate) carries: Carries,
    /// The only port that it accepts; none: any.
    pub(crate) port: Option<u64>,
    /// Whether callers say at which port they are (PROXY protocol).
    pub(crate) port_of_the_caller: bool,
    /// Whether a caller must present a certificate.
    pub(crate) mtls: bool,
    /// The gates, in the order in which a request passes them.
    pub(crate) gates: Vec<InstalledGate>,
    /// Where a gate is configured and turned off.
    pub(crate) gates_off: Vec<String>,
    /// What comes after the gate and may change the request.
    pub(crate) changes: Vec<String>,
    /// Whether a policy refuses what has no interlock: after the gate; for bytes, anywhere.
    pub(crate) interlock: bool,
    /// The filter whose module could not be fetched: the proxy denies in its place.
    pub(crate) not_fetched: Option<String>,
    /// The clusters of its routes.
    pub(crate) clusters: Vec<String>,
}

/// The chains of a listener. An upgrade with filters of its own counts as one more chain.
pub(super) fn read(listener: &Value, dump: &Value, extensions: &[&Value]) -> Vec<FilterChain> {
    let all = list(listener, "filter_chains").chain(listener.get("default_filter_chain"));
    all.enumerate().flat_map(|(index, chain)| of_chain(listener, chain, index, dump, extensions)).collect()
}

fn of_chain(listener: &Value, chain: &Value, index: usize, dump: &Value, extensions: &[&Value]) -> Vec<FilterChain> {
    let chain_name = chain.get("name").and_then(Value::as_str).map_or_else(|| index.to_string(), str::to_owned);
    let read = FilterChain {
        name: format!("{} ({chain_name})", text(listener.get("name"))),
        port: chain.pointer("/filter_chain_match/destination_port").and_then(Value::as_u64),
        port_of_the_caller: list(listener, "listener_filters").any(is_proxy_protocol),
        mtls: chain.pointer("/transport_socket/typed_config/require_client_certificate") == Some(&Value::Bool(true)),
        ..FilterChain::default()
    };
    let configs: Vec<&Value> = list(chain, "filters").filter_map(|filter| filter.get("typed_config")).collect();
    let is_manager = |config: &&&Value| text(config.get("@type")).ends_with("HttpConnectionManager");
    let managers: Vec<&Value> = configs.iter().filter(is_manager).copied().collect();
    if managers.is_empty() {
        return of_bytes(read, &configs).into_iter().collect();
    }
    managers.into_iter().flat_map(|manager| of_manager(&read, manager, dump, extensions)).collect()
}

/// The caller names both ends of the connection there, and Envoy takes the port for the one at which the request arrived.
fn is_proxy_protocol(filter: &Value) -> bool {
    text(filter.pointer("/typed_config/@type")).ends_with("proxy_protocol.v3.ProxyProtocol")
        || filter["name"] == "envoy.filters.listener.proxy_protocol"
}

fn of_manager(chain: &FilterChain, manager: &Value, dump: &Value, extensions: &[&Value]) -> Vec<FilterChain> {
    let by_name = manager.pointer("/rds/route_config_name");
    let discovered = || route_configurations(dump).find(|routes| by_name.is_some() && routes.get("name") == by_name);
    let routes = manager.get("route_config").or_else(discovered);
    let mut chain = chain.clone();
    chain.clusters = routes.map(clusters).unwrap_or_default();
    let read = |filters: &[&Value], name: String| {
        let Filters { gates, gates_off, changes, interlock, not_fetched } =
            filters::read(filters, routes, extensions, chain.port);
        FilterChain { name, gates, gates_off, changes, interlock, not_fetched, ..chain.clone() }
    };
    let upgrades = list(manager, "upgrade_configs").filter(|upgrade| list(upgrade, "filters").next().is_some());
    let upgrades = upgrades.map(|upgrade| {
        let name = format!("{}, upgrade {}", chain.name, text(upgrade.get("upgrade_type")));
        read(&list(upgrade, "filters").collect::<Vec<_>>(), name)
    });
    let requests = read(&list(manager, "http_filters").collect::<Vec<_>>(), chain.name.clone());
    std::iter::once(requests).chain(upgrades).collect()
}

/// A chain without an HTTP filter, unless it ends every connection.
fn of_bytes(chain: FilterChain, configs: &[&Value]) -> Option<FilterChain> {
    let last = configs.last()?;
    let clusters = clusters(last);
    let mut policies = configs.iter().filter(|config| text(config.get("@type")).ends_with("network.rbac.v3.RBAC"));
    let interlock = policies.any(|policy| refuses_without_interlock(policy, chain.port));
    let ends = clusters.iter().all(|cluster| cluster == BLACK_HOLE) && !clusters.is_empty();
    (!ends).then_some(FilterChain { carries: Carries::Bytes, clusters, interlock, ..chain })
}

/// Every cluster that is named in it.
fn clusters(of: &Value) -> Vec<String> {
    let mut names: Vec<String> = at_any_depth(of, "cluster").into_iter().map(|name| text(Some(name))).collect();
    let weighted = at_any_depth(of, "weighted_clusters").into_iter().flat_map(|weighted| list(weighted, "clusters"));
    names.extend(weighted.map(|cluster| text(cluster.get("name"))));
    names.retain(|name| !name.is_empty());
    names.sort_unstable();
    names.dedup();
    names
}
