//! What a proxy counts, read from `/stats`: the gate's metrics with their labels, and what went on to the
//! applications.

use std::collections::BTreeMap;

/// Only these are asked for: all of a sidecar's would be megabytes.
pub(super) const PATH: &str = "/stats?filter=stepgate_%7Cupstream_rq_total%24";

/// A metric of the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Metric {
    name: String,
    labels: BTreeMap<String, String>,
    value: u64,
}

/// The metrics of one proxy.
#[derive(Debug, Clone, Default)]
pub(super) struct Stats {
    gate: Vec<Metric>,
    /// Requests that went to a cluster, by its name.
    upstream: BTreeMap<String, u64>,
}

impl Stats {
    pub(super) fn read(text: &str) -> Self {
        let mut stats = Self::default();
        for line in text.lines() {
            // Histograms have no number.
            let Some((name, value)) = line.rsplit_once(": ").and_then(|(n, v)| Some((n, v.parse().ok()?))) else {
                continue;
            };
            if let Some(cluster) = name.strip_prefix("cluster.").and_then(|n| n.strip_suffix(".upstream_rq_total")) {
                // Istio ends these names with a semicolon, so that no dot in a cluster's name cuts it short.
                stats.upstream.insert(cluster.trim_end_matches(';').to_owned(), value);
            } else if let Some(name) = name.strip_prefix("wasmcustom.") {
                stats.gate.extend(metric(name, value));
            }
        }
        stats
    }

    /// Whether the gate has any metric here: a module that never ran has none.
    pub(super) fn has_gate(&self) -> bool {
        !self.gate.is_empty()
    }

    /// The sum of a metric over all that has these labels.
    pub(super) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        let fits = |metric: &&Metric| {
            metric.name == name && labels.iter().all(|(l, v)| metric.labels.get(*l).is_some_and(|value| value == v))
        };
        self.gate.iter().filter(fits).fold(0, |sum, metric| sum.saturating_add(metric.value))
    }

    /// The values of a label, of all gauges of this name that are not 0.
    pub(super) fn values(&self, name: &str, label: &str) -> Vec<&str> {
        let raised = self.gate.iter().filter(|metric| metric.name == name && metric.value > 0);
        let mut values: Vec<&str> = raised.filter_map(|metric| metric.labels.get(label)).map(String::as_str).collect();
        values.sort_unstable();
        values.dedup();
        values
    }

    /// The revisions of a workflow that are in force.
    pub(super) fn revisions(&self, workflow: &str) -> Vec<&str> {
        let of = |metric: &&Metric| {
            metric.name == "stepgate_gate"
                && metric.value > 0
                && metric.labels.get("workflow").is_some_and(|w| w == workflow)
        };
        let mut revisions: Vec<&str> = self
            .gate
            .iter()
            .filter(of)
            .filter_map(|metric| metric.labels.get("revision"))
            .map(String::as_str)
            .collect();
        revisions.sort_unstable();
        revisions.dedup();
        revisions
    }

    /// Requests that a gate let go on.
    pub(super) fn let_through(&self) -> u64 {
        ["stepgate_permits", "stepgate_exempt", "stepgate_observed_denials"]
            .into_iter()
            .fold(0, |sum, name| sum.saturating_add(self.sum(name, &[])))
    }

    /// Requests that went to these clusters; nothing where the proxy counts none of them, as Istio's do
    /// unless `proxyStatsMatcher` says otherwise.
    pub(super) fn went_on(&self, clusters: &[String]) -> Option<u64> {
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
    use super::*;

    #[test]
    fn metrics_are_told_by_their_labels() {
        let stats = Stats::read(
            "cluster.inbound|8080||;.upstream_rq_total: 5\n\
             cluster.x.upstream_rq_time: P0(nan,1)\n\
             wasmcustom.workflow=.=movie;.;code=.=NO_STEP;.;stepgate_denials: 7\n\
             wasmcustom.workflow=.=movie;.;transition=.=a->b;.;stepgate_permits: 2\n\
             wasmcustom.stepgate_exempt: 1\n\
             wasmcustom.version=.=0.1.0;.;stepgate_no_config: 0\n\
             wasmcustom.other_thing: 3\n",
        );
        assert_eq!(stats.let_through(), 3);
        assert_eq!(stats.sum("stepgate_denials", &[("code", "NO_STEP")]), 7);
        assert_eq!(stats.sum("stepgate_denials", &[("code", "EXPIRED")]), 0);
        assert_eq!(stats.went_on(&["inbound|8080||".to_owned(), "gone".to_owned()]), Some(5));
        assert_eq!(stats.went_on(&["gone".to_owned()]), None);
        assert!(stats.values("stepgate_no_config", "version").is_empty());
    }
}
