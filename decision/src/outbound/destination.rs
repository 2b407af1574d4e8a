//! The destination of a request: the cluster that the proxy has chosen, and the host that the application names.

use std::sync::Arc;

use crate::called::Called;
use crate::denial::Denial;
use crate::gate::Gate;
use crate::inbound::Classified;
use crate::request::{Request, is_host, reads_one_way};
use crate::served::ServedTask;
use crate::task_index::Index;

/// Where a request goes.
pub(super) struct Destination<'g> {
    /// The host of the cluster.
    host: String,
    /// The port of the cluster.
    port: u16,
    /// The actors to whom both the cluster and the request's host belong; none where neither belongs to one.
    pub(super) actors: Vec<&'g Arc<Called>>,
}

impl<'g> Destination<'g> {
    pub(super) fn of(gate: &'g Gate, request: &Request<'_>) -> Result<Self, Denial> {
        let cluster = request.facts.cluster.as_deref().and_then(cluster);
        let (host, port) =
            cluster.ok_or(Denial::Egress("the proxy has chosen no cluster `outbound|PORT|SUBSET|HOST`"))?;
        if request.facts.all(":authority").count() != 1 || !reads_one_way(request.host) {
            return Err(Denial::Egress("the host can be read in two ways"));
        }
        let by_cluster = gate.hosts.called(&format!("{host}:{port}"));
        let by_host = gate.hosts.called(request.host);
        let both = |one: &&Arc<Called>| by_host.iter().any(|other| Arc::ptr_eq(one, other));
        let actors: Vec<_> = by_cluster.iter().copied().filter(both).collect();
        if actors.is_empty() && !(by_cluster.is_empty() && by_host.is_empty()) {
            return Err(Denial::Egress("the host and the proxy's cluster are not of one actor"));
        }
        Ok(Self { host: host.to_owned(), port, actors })
    }

    /// The tasks of the actors.
    pub(super) fn tasks(&self) -> impl Iterator<Item = &'g Index<ServedTask>> {
        self.actors.iter().flat_map(|called| called.tasks.iter().map(Arc::as_ref))
    }

    /// Whether the gate's `egress` list has the request, to this host by both names.
    pub(super) fn is_egress(&self, gate: &Gate, request: &Request<'_>, classified: &Classified<'_>) -> bool {
        let mut found = Vec::new();
        gate.egress.find(request, &classified.headers, &mut found);
        let at = format!("{}:{}", self.host, self.port);
        found.iter().any(|egress| {
            let to = &egress.entry.owner;
            egress.fit.is_exact() && is_host(&at, &to.host) && to.port.is_none_or(|port| port == self.port)
        })
    }
}

/// The host and the port of a cluster, by the name that Istio gives it: `outbound|PORT|SUBSET|HOST`. Other clusters lead
/// anywhere: `PassthroughCluster` to the address that the application has chosen.
fn cluster(name: &str) -> Option<(&str, u16)> {
    let mut parts = name.split('|');
    let (Some("outbound"), Some(port), Some(_), Some(host), None) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    let number = port.parse().ok().filter(|number: &u16| *number > 0 && number.to_string() == port)?;
    (reads_one_way(host) && !host.contains(':')).then_some((host, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_cluster_of_one_service_has_a_host() {
        assert_eq!(cluster("outbound|80||b.demo.svc.cluster.local"), Some(("b.demo.svc.cluster.local", 80)));
        assert_eq!(cluster("outbound|8080|v2|b"), Some(("b", 8080)));
        for other in [
            "",
            "PassthroughCluster",
            "BlackHoleCluster",
            "inbound|8080||",
            "inbound|8080||b",
            "outbound|80||",
            "outbound|0||b",
            "outbound|080||b",
            "outbound|65536||b",
            "outbound|80||b|c",
            "outbound|80|b",
            "outbound|80||b:80",
            "outbound|80||*.example",
            "outbound_.80_._.b",
        ] {
            assert_eq!(cluster(other), None, "{other}");
        }
    }
}
