//! The routes on which a proxy tries a request again.

use std::collections::BTreeMap;

use serde_json::Value;

use super::json::{at_any_depth, clusters, list, route_configurations, text};

/// A cluster to which requests are sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Retry {
    /// The cluster.
    pub(crate) cluster: String,
    /// How often a request is sent again, at most.
    pub(crate) times: u64,
    /// The SPIFFE IDs of which its certificate must have one.
    pub(crate) identities: Vec<String>,
}

impl Retry {
    /// The host in the name that Istio gives a cluster: `outbound|PORT|SUBSET|HOST`.
    pub(crate) fn host(&self) -> Option<&str> {
        self.cluster.strip_prefix("outbound|")?.rsplit('|').next()
    }
}

pub(super) fn read(dump: &Value) -> Vec<Retry> {
    let mut times: BTreeMap<String, u64> = BTreeMap::new();
    for host in route_configurations(dump).flat_map(|routes| list(routes, "virtual_hosts")) {
        for action in list(host, "routes").filter_map(|route| route.get("route")) {
            // A route's own policy takes the place of its host's.
            let policy = action.get("retry_policy").or_else(|| host.get("retry_policy"));
            let Some(retries) = policy.and_then(retries) else { continue };
            let weighted = action.pointer("/weighted_clusters/clusters").and_then(Value::as_array);
            let weighted = weighted.into_iter().flatten().map(|cluster| text(cluster.get("name")));
            for cluster in weighted.chain([text(action.get("cluster"))]).filter(|name| !name.is_empty()) {
                let most = times.entry(cluster).or_default();
                *most = retries.max(*most);
            }
        }
    }
    let with_identities =
        |(cluster, times): (String, u64)| Retry { identities: identities(dump, &cluster), cluster, times };
    times.into_iter().map(with_identities).collect()
}

/// How often a policy sends a request again: once, where it does not say (Envoy's default).
fn retries(policy: &Value) -> Option<u64> {
    let on = policy.get("retry_on").and_then(Value::as_str).is_some_and(|on| !on.is_empty());
    let times = policy.get("num_retries").map_or(Some(1), Value::as_u64)?;
    (on && times > 0).then_some(times)
}

fn identities(dump: &Value, name: &str) -> Vec<String> {
    let of_name = clusters(dump).filter(|cluster| cluster["name"] == name);
    let names = |cluster| {
        let older = at_any_depth(cluster, "match_subject_alt_names");
        at_any_depth(cluster, "match_typed_subject_alt_names").into_iter().chain(older)
    };
    let exact = of_name.flat_map(names).flat_map(|matchers| at_any_depth(matchers, "exact"));
    let mut all: Vec<String> = exact.map(|exact| text(Some(exact))).collect();
    all.sort_unstable();
    all.dedup();
    all
}
