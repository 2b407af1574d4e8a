//! A gate that is ready to decide: its configuration with keys and secrets, compiled for requests.

use std::fmt;
use std::sync::Arc;

use stepgate_config::gate::{Direction, ExemptPeers, GateConfig, Rate};
use stepgate_config::name::{TaskName, WorkflowName};
use stepgate_config::sorted::{SortedMap, SortedSet};
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Assurance, Mode, Split, Task, Transition, Workflow};

use crate::called::{EgressTo, Hosts};
use crate::denial::Denial;
use crate::facts::{HeaderNames, Listener};
use crate::keys::{KeyError, KeyRing};
use crate::named_headers;
use crate::needs::Needs;
use crate::served::{ServedTask, Workloads, serve};
use crate::task_index::Index;

/// Shortest interlock secret, in bytes: it must not be guessed.
const MIN_INTERLOCK: usize = 16;
/// Longest interlock secret, in bytes.
const MAX_INTERLOCK: usize = 256;

/// Why a gate cannot be built. Until it can, everything is denied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GateError {
    /// A key whose variable is set and that cannot be used.
    #[error(transparent)]
    Key(KeyError),
    /// An interlock variable that is not set, or too short, or not a header value.
    #[error("interlock: the environment's `{0}` must be {MIN_INTERLOCK} to {MAX_INTERLOCK} visible ASCII characters")]
    Interlock(String),
}

/// One revision of a workflow, with its transitions by the tasks that they join.
pub(crate) struct CompiledWorkflow {
    pub(crate) workflow: Arc<Workflow>,
    pub(crate) revoked: bool,
    /// How many instances one peer may begin.
    pub(crate) rate: Rate,
    /// In the order of the tasks that they lead to.
    leaving: SortedMap<TaskName, Vec<Arc<Transition>>>,
    /// By the task that they lead to.
    entering: SortedMap<TaskName, Vec<Arc<Transition>>>,
    /// Those with which an instance may begin.
    starts: Vec<Arc<Transition>>,
    /// The joins of several tasks that one transition leaves.
    pub(crate) several: Vec<Arc<Task>>,
}

impl CompiledWorkflow {
    pub(crate) fn leaving(&self, task: &Task) -> &[Arc<Transition>] {
        self.leaving.get(&task.name).map(Vec::as_slice).unwrap_or_default()
    }

    /// Those of them that lead to this task.
    pub(crate) fn leading(&self, from: &Task, to: &Task) -> &[Arc<Transition>] {
        let leaving = self.leaving(from);
        let (_, rest) = leaving.split_at(leaving.partition_point(|t| t.to.name < to.name));
        rest.split_at(rest.partition_point(|t| t.to.name == to.name)).0
    }

    pub(crate) fn entering(&self, task: &Task) -> &[Arc<Transition>] {
        self.entering_named(&task.name)
    }

    pub(crate) fn entering_named(&self, task: &TaskName) -> &[Arc<Transition>] {
        self.entering.get(task).map(Vec::as_slice).unwrap_or_default()
    }

    /// The number of the transition among those that leave the task, where gates let only one of these be taken.
    pub(crate) fn way_of_choice(&self, from: &Task, transition: &Arc<Transition>) -> Option<u32> {
        let chooses = |task: &Task| task.split == Some(Split::One);
        let one =
            self.workflow.assurance == Assurance::Once && transition.sources().iter().any(|source| chooses(source));
        let way = self.leaving(from).iter().position(|other| Arc::ptr_eq(other, transition)).filter(|_| one)?;
        u32::try_from(way).ok()
    }

    /// The transitions with which an instance may begin.
    pub(crate) fn starts(&self) -> &[Arc<Transition>] {
        &self.starts
    }
}

/// The side of a workload on which a gate decides.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Side<'g> {
    /// On requests to the workload.
    Inbound,
    /// On requests of this workload.
    Outbound(&'g SpiffeId),
}

/// A gate that is ready to decide.
pub struct Gate {
    pub(crate) config: GateConfig,
    needs: Needs,
    pub(crate) keys: KeyRing,
    pub(crate) interlock: Vec<String>,
    pub(crate) start_header: String,
    /// The headers by which tasks and exemptions tell requests apart.
    pub(crate) named_headers: HeaderNames,
    /// These and the headers that some guard reads.
    pub(crate) guarded_headers: HeaderNames,
    workflows: SortedMap<WorkflowName, SortedMap<u32, CompiledWorkflow>>,
    trust_domains: SortedSet<String>,
    /// The aliases of the trust domains of documents.
    aliases: SortedSet<String>,
    /// The workloads of all documents.
    workloads: Workloads,
    pub(crate) exemptions: Index<ExemptPeers>,
    /// For an outbound gate, the actors by the names under which they are called.
    pub(crate) hosts: Hosts,
    pub(crate) egress: Index<EgressTo>,
}

impl Gate {
    /// Makes a gate of a checked configuration; `environment` gives the values of the variables that hold
    /// keys and interlock secrets. Returns the keys that were left out because their variable is not set, too.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn new(
        config: GateConfig,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<(Self, Vec<KeyError>), Vec<GateError>> {
        let mut errors = Vec::new();
        let mut interlock = Vec::new();
        for (at, env) in config.interlock.iter().enumerate() {
            match environment(env) {
                Some(secret) if is_secret(&secret) => interlock.push(secret),
                // Only the first secret is in use: the variable of the next one may come with the next roll-out.
                None if at > 0 => {}
                _ => errors.push(GateError::Interlock(env.clone())),
            }
        }
        let (keys, missing) = match KeyRing::read(&config.keys, &config.revoked, environment) {
            Ok(read) => read,
            Err(unusable) => {
                errors.extend(unusable.into_iter().map(GateError::Key));
                return Err(errors);
            }
        };
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut workflows: SortedMap<WorkflowName, SortedMap<u32, CompiledWorkflow>> = SortedMap::new();
        let (mut aliases, mut trust_domains) = (SortedSet::new(), SortedSet::new());
        for workflow in &config.workflows {
            aliases.extend(workflow.domain.aliases().map(ToString::to_string));
            for actor in workflow.actors.values() {
                trust_domains.extend(actor.examples.iter().map(|id| id.trust_domain().to_owned()));
            }
            let revisions = workflows.entry(workflow.name.clone()).or_default();
            revisions.insert(workflow.revision, compile(workflow, &config));
        }
        for exemption in &config.exempt {
            if let ExemptPeers::These(ids) = &exemption.peers {
                trust_domains.extend(ids.iter().map(|id| id.trust_domain().to_owned()));
            }
        }
        let workloads = Workloads::of(config.workflows.iter(), serve);
        let exemptions = Index::of(config.exempt.iter().map(|exemption| (&exemption.request, exemption.peers.clone())));
        let egress = config
            .egress
            .iter()
            .filter_map(|pattern| Some((pattern, EgressTo { host: pattern.host.clone()?, port: pattern.port })));
        let egress = Index::of_any_port(egress);
        let needs = Needs::of(&config);
        let hosts = if needs.cluster { Hosts::of(config.workflows.iter()) } else { Hosts::default() };
        let start_header = format!("{}-start", config.header);
        let when = config.workflows.iter().flat_map(|workflow| &workflow.transitions).filter_map(|t| t.when.as_ref());
        let named = named_headers::names(&config);
        let guarded = when.flat_map(|guard| guard.reads().headers.iter());
        let guarded_headers = guarded.chain(&named).map(String::as_str).collect();
        let named_headers = named.iter().map(String::as_str).collect();
        let gate = Self {
            needs,
            config,
            keys,
            interlock,
            start_header,
            guarded_headers,
            named_headers,
            workflows,
            trust_domains,
            aliases,
            workloads,
            exemptions,
            hosts,
            egress,
        };
        Ok((gate, missing))
    }

    /// The configuration that the gate was made of.
    pub fn config(&self) -> &GateConfig {
        &self.config
    }

    /// The facts that it may look at.
    pub fn needs(&self) -> &Needs {
        &self.needs
    }

    /// The keys.
    pub fn keys(&self) -> &KeyRing {
        &self.keys
    }

    /// The side on which it decides at this listener.
    ///
    /// # Errors
    /// [`Denial::NoConfig`] where it cannot know, or does not know for whom it stands.
    pub(crate) fn side(&self, listener: Listener) -> Result<Side<'_>, Denial> {
        match (self.config.direction, listener) {
            (Direction::Inbound, _) | (Direction::Auto, Listener::Inbound) => Ok(Side::Inbound),
            (Direction::Outbound, _) | (Direction::Auto, Listener::Outbound) => {
                let own = self.config.own.as_ref();
                own.map(Side::Outbound).ok_or(Denial::NoConfig("an outbound gate requires `self`"))
            }
            (Direction::Auto, Listener::Unknown) => {
                Err(Denial::NoConfig("the listener does not say its direction; set `direction`"))
            }
        }
    }

    /// Whether it decides on the application's own requests at this listener.
    pub fn is_outbound(&self, listener: Listener) -> bool {
        matches!(self.side(listener), Ok(Side::Outbound(_)))
    }

    pub(crate) fn knows_domain(&self, id: &SpiffeId) -> bool {
        self.trust_domains.contains(id.trust_domain())
    }

    /// Whether some document has the ID's trust domain as an alias. Such a peer may be an actor; no exemption knows it.
    pub(crate) fn knows_alias(&self, id: &SpiffeId) -> bool {
        self.aliases.contains(id.trust_domain())
    }

    pub(crate) fn knows_actor(&self, id: &SpiffeId) -> bool {
        self.workloads.contain(id)
    }

    /// The mode of this workload: the strictest of its workflows. The request itself says which workflow it belongs
    /// to, and must not choose the mode by it.
    pub(crate) fn mode_of(&self, own: Option<&SpiffeId>) -> Mode {
        let takes_part = |compiled: &&CompiledWorkflow| {
            own.is_none_or(|own| compiled.workflow.actors.values().any(|actor| actor.includes(own)))
        };
        let modes = self.workflows().filter(takes_part).map(|compiled| self.config.mode_of(&compiled.workflow));
        modes.max().unwrap_or(self.config.mode)
    }

    /// The tasks that this workload performs, in all documents; those of all workloads where it is not known.
    pub(crate) fn served<'g>(&'g self, own: Option<&SpiffeId>) -> impl Iterator<Item = &'g Index<ServedTask>> {
        let served = own.map_or_else(|| self.workloads.tasks().iter().collect(), |own| self.workloads.tasks_of(own));
        served.into_iter().map(Arc::as_ref)
    }

    /// All revisions of all workflows.
    pub(crate) fn workflows(&self) -> impl Iterator<Item = &CompiledWorkflow> {
        self.workflows.values().flat_map(SortedMap::values)
    }

    pub(crate) fn revisions(&self, workflow: &str) -> Option<&SortedMap<u32, CompiledWorkflow>> {
        self.workflows.get(workflow)
    }
}

impl fmt::Debug for Gate {
    /// Without keys and secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gate({} workflows)", self.config.workflows.len())
    }
}

fn is_secret(secret: &str) -> bool {
    (MIN_INTERLOCK..=MAX_INTERLOCK).contains(&secret.len()) && secret.bytes().all(|b| b.is_ascii_graphic())
}

fn compile(workflow: &Arc<Workflow>, config: &GateConfig) -> CompiledWorkflow {
    let (mut leaving, mut entering) = (SortedMap::<_, Vec<_>>::new(), SortedMap::<_, Vec<_>>::new());
    for transition in &workflow.transitions {
        let leaving: &mut Vec<Arc<Transition>> = leaving.entry(transition.from.name.clone()).or_default();
        leaving.insert(leaving.partition_point(|t| t.to.name <= transition.to.name), Arc::clone(transition));
        entering.entry(transition.to.name.clone()).or_default().push(Arc::clone(transition));
    }
    let mut several: Vec<Arc<Task>> = Vec::new();
    for transition in workflow.transitions.iter().filter(|transition| !transition.sources.is_empty()) {
        if !several.iter().any(|known| Arc::ptr_eq(known, &transition.from)) {
            several.push(Arc::clone(&transition.from));
        }
    }
    CompiledWorkflow {
        several,
        revoked: config.revoked.workflows.contains(&workflow.name),
        rate: config.starts_of(workflow),
        starts: workflow.transitions.iter().filter(|t| t.from.initial && !t.via).cloned().collect(),
        workflow: Arc::clone(workflow),
        leaving,
        entering,
    }
}
