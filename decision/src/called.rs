//! Receivers of requests that leave: the actors that others call, by the names under which they call them, and the hosts of the
//! `egress` list.

use std::sync::Arc;

use stepgate_config::sorted::{SortedMap, SortedSet};
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Actor, Workflow, without_port};

use crate::request::is_host;
use crate::served::{ServedTask, Workloads, serve_at_any_port};
use crate::task_index::Index;

/// An actor that is called by name. Its tasks are those of its workloads, also as other actors: which of them a request is
/// must be decided among all. The port at which a workload gets a request is not known where the request begins, so it tells
/// none apart.
pub(crate) struct Called {
    pub(crate) actor: Arc<Actor>,
    pub(crate) tasks: Tasks,
}

type Tasks = Arc<[Arc<Index<ServedTask>>]>;

/// The actors by the names of their hosts, without ports.
#[derive(Default)]
pub(crate) struct Hosts(SortedMap<String, Vec<Arc<Called>>>);

impl Hosts {
    pub(crate) fn of<'w>(workflows: impl Iterator<Item = &'w Arc<Workflow>> + Clone) -> Self {
        let workloads = Workloads::of(workflows.clone(), serve_at_any_port);
        let mut hosts = Self::default();
        // Many actors may have the same workloads.
        let mut by_ids: SortedMap<&[SpiffeId], Tasks> = SortedMap::new();
        let actors = workflows.flat_map(|workflow| workflow.actors.values());
        for actor in actors.filter(|actor| !actor.hosts.is_empty()) {
            let tasks = by_ids.entry(&actor.examples).or_insert_with(|| tasks(&actor.examples, &workloads));
            let tasks = Arc::clone(tasks);
            let called = Arc::new(Called { actor: Arc::clone(actor), tasks });
            let names: SortedSet<String> = actor.hosts.iter().map(|host| without_port(host).to_owned()).collect();
            for name in names {
                hosts.0.entry(name).or_default().push(Arc::clone(&called));
            }
        }
        hosts
    }

    /// The actors that are called by this host, `name` or `name:port`.
    pub(crate) fn called(&self, host: &str) -> Vec<&Arc<Called>> {
        let found = self.0.get(&without_port(host).to_ascii_lowercase()).into_iter().flatten();
        found.filter(|called| called.actor.hosts.iter().any(|own| is_host(host, own))).collect()
    }
}

/// The tasks of these workloads, as whichever actor.
fn tasks(ids: &[SpiffeId], workloads: &Workloads) -> Tasks {
    let mut seen = SortedSet::new();
    let tasks = ids.iter().flat_map(|id| workloads.tasks_of(id));
    tasks.filter(|index| seen.insert(Arc::as_ptr(index).addr())).cloned().collect()
}

/// The host of an entry of the `egress` list.
pub(crate) struct EgressTo {
    pub(crate) host: String,
    /// The port of the cluster.
    pub(crate) port: Option<u16>,
}
