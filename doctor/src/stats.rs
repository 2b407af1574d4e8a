//! The counters of a proxy, read from `/stats`: the gate's metrics with their labels, and the requests that were
//! forwarded to the applications.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Only these metrics: all of a sidecar's would be megabytes.
pub(crate) const PATH: &str = "/stats?format=json&filter=stepgate_%7Cupstream_rq_total%24";

/// The body of `/stats?format=json`.
#[derive(Debug, Deserialize)]
pub(crate) struct Response {
    stats: Vec<Entry>,
}

/// A counter or gauge, or one of the forms that have no number: texts, and all histograms together.
#[derive(Debug, Deserialize)]
struct Entry {
    name: Option<String>,
    value: Option<serde_json::Value>,
}

/// A metric of the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Metric {
    name: String,
    labels: BTreeMap<String, String>,
    value: u64,
}

/// The metrics of one proxy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stats {
    gate: Vec<Metric>,
    /// Requests that were forwarded to a cluster, by its name.
    upstream: BTreeMap<String, u64>,
}

impl From<Response> for Stats {
    fn from(response: Response) -> Self {
        let mut stats = Self::default();
        let numbers = response.stats.into_iter().filter_map(|entry| Some((entry.name?, entry.value?.as_u64()?)));
        for (name, value) in numbers {
            if let Some(cluster) = name.strip_prefix("cluster.").and_then(|n| n.strip_suffix(".upstream_rq_total")) {
                // Istio ends these names with a semicolon, so that no dot in a cluster's name cuts it short.
                stats.upstream.insert(cluster.trim_end_matches(';').to_owned(), value);
            } else if let Some(name) = name.strip_prefix("wasmcustom.") {
                stats.gate.extend(metric(name, value));
            }
        }
        stats
    }
}

impl Stats {
    /// Whether the gate has any metric here: a module that never ran has none.
    pub(crate) fn has_gate(&self) -> bool {
        !self.gate.is_empty()
    }

    /// The sum of a metric over all of its values that have these labels.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        let matching = |metric: &&Metric| {
            metric.name == name && labels.iter().all(|(l, v)| metric.labels.get(*l).is_some_and(|value| value == v))
        };
        self.gate.iter().filter(matching).fold(0, |sum, metric| sum.saturating_add(metric.value))
    }

    /// The values of a label, in all gauges of this name that are not 0.
    pub(crate) fn values(&self, name: &str, label: &str) -> Vec<&str> {
        self.values_where(name, label, |_| true)
    }

    /// The revisions of a workflow that are in force.
    pub(crate) fn revisions(&self, workflow: &str) -> Vec<&str> {
        let of_workflow = |metric: &Metric| metric.labels.get("workflow").is_some_and(|name| name == workflow);
        self.values_where("stepgate_gate", "revision", of_workflow)
    }

    fn values_where(&self, name: &str, label: &str, selected: impl Fn(&Metric) -> bool) -> Vec<&str> {
        let raised = self.gate.iter().filter(|metric| metric.name == name && metric.value > 0 && selected(metric));
        let mut values: Vec<&str> = raised.filter_map(|metric| metric.labels.get(label)).map(String::as_str).collect();
        values.sort_unstable();
        values.dedup();
        values
    }

    /// Requests that a gate let through.
    pub(crate) fn let_through(&self) -> u64 {
        ["stepgate_permits", "stepgate_exempt", "stepgate_observed_denials"]
            .into_iter()
            .fold(0, |sum, name| sum.saturating_add(self.sum(name, &[])))
    }

    /// Requests that were forwarded to these clusters. `None` if the proxy counts none of them: Istio's proxies do
    /// not, unless `proxyStatsMatcher` includes them.
    pub(crate) fn forwarded(&self, clusters: &[String]) -> Option<u64> {
        // Envoy has no colon in the name of a metric.
        let counted: Vec<u64> =
            clusters.iter().filter_map(|cluster| self.upstream.get(&cluster.replace(':', "_")).copied()).collect();
        (!counted.is_empty()).then(|| counted.into_iter().fold(0, u64::saturating_add))
    }
}

/// `workflow=.=movie;.;code=.=NO_STEP;.;stepgate_denials`.
fn metric(name: &str, value: u64) -> Option<Metric> {
    let mut labels = BTreeMap::new();
    let mut rest = name;
    while let Some((label, tail)) = rest.split_once(";.;") {
        let (name, value) = label.split_once("=.=")?;
        labels.insert(name.to_owned(), value.to_owned());
        rest = tail;
    }
    rest.starts_with("stepgate_").then(|| Metric { name: rest.to_owned(), labels, value })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn metrics_are_told_apart_by_their_labels() {
        let response = json!({"stats": [
            {"name": "cluster.inbound|8080||;.upstream_rq_total", "value": 5},
            {"name": "wasmcustom.workflow=.=movie;.;code=.=NO_STEP;.;stepgate_denials", "value": 7},
            {"name": "wasmcustom.workflow=.=movie;.;transition=.=a->b;.;stepgate_permits", "value": 2},
            {"name": "wasmcustom.stepgate_exempt", "value": 1},
            {"name": "wasmcustom.version=.=0.1.0;.;stepgate_no_config", "value": 0},
            {"name": "wasmcustom.other_thing", "value": 3},
            {"name": "stepgate_text", "value": "a text"},
            {"histograms": {"supported_quantiles": [0, 25], "computed_quantiles": []}},
        ]});
        let stats = Stats::from(serde_json::from_value::<Response>(response).unwrap());
        assert_eq!(stats.let_through(), 3);
        assert_eq!(stats.sum("stepgate_denials", &[("code", "NO_STEP")]), 7);
        assert_eq!(stats.sum("stepgate_denials", &[("code", "EXPIRED")]), 0);
        assert_eq!(stats.forwarded(&["inbound|8080||".to_owned(), "gone".to_owned()]), Some(5));
        assert_eq!(stats.forwarded(&["gone".to_owned()]), None);
        assert!(stats.values("stepgate_no_config", "version").is_empty());
    }
}
