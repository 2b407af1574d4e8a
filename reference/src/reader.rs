//! Which transition a request is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::OnceLock;

use stepgate_config::gate::{ExemptPeers, GateConfig};
use stepgate_config::name::TaskName;
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Actor, Task, Transition, Workflow};

use crate::arrival::{Arrival, Permitted, is_join};
use crate::delays::Delays;
use crate::denied::{Denied, require};
use crate::kind::Kind;
use crate::renamed::{documented, fits};
use crate::request::Request;
use crate::ways;

/// A join has no fork: `check` should have refused the document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the join `{0}` has no fork")]
pub struct NoFork(pub TaskName);

/// The reader: a workflow, and which transitions were taken.
#[derive(Debug, Clone)]
pub struct Reader {
    pub(crate) workflow: Arc<Workflow>,
    /// Of each join, its fork; also of several tasks that a transition leaves together.
    pub(crate) forks: Arc<BTreeMap<TaskName, TaskName>>,
    /// How often each replica has let which transition leave which arrival or round.
    pub(crate) taken: BTreeMap<(String, String, String), u32>,
    /// How many more instances each peer may begin at each replica, in parts of which one start takes as many as its rate
    /// has seconds, and when that was.
    pub(crate) starts: BTreeMap<(String, String), (u64, u64)>,
    /// How late the tokens of each task may be; it is found when it is first asked for.
    pub(crate) delays: OnceLock<Delays>,
    /// How many instances have begun.
    instances: u64,
}

impl Reader {
    /// A reader of a workflow in which nothing has happened.
    ///
    /// # Errors
    /// [`NoFork`].
    pub fn new(workflow: &Arc<Workflow>) -> Result<Self, NoFork> {
        let mut forks = BTreeMap::new();
        let joins = workflow.tasks.values().filter(|task| is_join(task)).map(|task| &task.name);
        for join in joins.chain(ways::together(workflow).map(|t| &t.from.name)) {
            let fork = ways::fork(workflow, join).ok_or_else(|| NoFork(join.clone()))?;
            forks.insert(join.clone(), fork);
        }
        let workflow = Arc::clone(workflow);
        let (forks, delays) = (Arc::new(forks), OnceLock::new());
        Ok(Self { workflow, forks, taken: BTreeMap::new(), starts: BTreeMap::new(), delays, instances: 0 })
    }

    /// The same reader before anything has happened.
    #[must_use]
    pub fn fresh(&self) -> Self {
        Self { taken: BTreeMap::new(), starts: BTreeMap::new(), instances: 0, ..self.clone() }
    }

    /// What the protocol makes of a request to a gate with this configuration, if it has one. The reader remembers
    /// what it permits.
    ///
    /// # Errors
    /// [`Denied`].
    pub fn decide(&mut self, gate: Option<&GateConfig>, request: &Request) -> Result<Permitted, Denied> {
        let gate = gate.ok_or(Denied("NO_CONFIG"))?;
        if request.is_exempt(gate, |peers| *peers == ExemptPeers::Anyone) {
            return Ok(Permitted::Exempt);
        }
        let peer = request.peer.as_ref().ok_or(Denied("NO_PEER"))?;
        let mut known = self.workflow.actors.values().flat_map(|actor| &actor.examples);
        let is_alias = self.workflow.domain.aliases().any(|alias| alias.as_str() == peer.trust_domain());
        let is_known = known.clone().any(|id| id.trust_domain() == peer.trust_domain());
        require(is_known || is_alias, "BAD_PEER")?;
        let exempt = |peers: &ExemptPeers| match peers {
            ExemptPeers::Anyone | ExemptPeers::Mesh => true,
            ExemptPeers::These(ids) => ids.contains(peer),
        };
        if is_known && request.is_exempt(gate, exempt) {
            return Ok(Permitted::Exempt);
        }
        let documented = documented(&self.workflow, peer);
        let mut open = self.workflow.actors.values().flat_map(|actor| &actor.open);
        let is_member = known.any(|id| *id == documented);
        require(is_member || open.any(|open| fits(&open.to_string(), documented.as_str())), "OUTSIDER")?;
        let upgrade = request.upgrade();
        let mut own = self.workflow.tasks.values().filter(|task| task.performer.includes(&request.gate));
        require(upgrade.as_ref().is_none_or(|name| own.any(|task| task.upgrade.contains(name))), "UPGRADE")?;
        require(request.reads_one_way(), "BAD_PATH")?;
        request.reads_one_way_here(gate)?;
        if request.shown.is_empty() {
            return self.begin(gate, request, peer);
        }
        let (at, evidence) = self.check_shown(gate, request, peer)?;
        let transition = self.choose(gate, request, peer, &at)?;
        self.enter(gate, request, peer, &transition, &evidence, None)
    }

    /// A request without a step.
    fn begin(&mut self, gate: &GateConfig, request: &Request, peer: &SpiffeId) -> Result<Permitted, Denied> {
        let mine = |task: &&Arc<Task>| task.initial && task.performer.includes(peer);
        require(self.workflow.tasks.values().any(|task| mine(&task)), "NO_STEP")?;
        let leaving = self.workflow.transitions.iter().filter(|t| mine(&&t.from) && !t.via && self.workflow.open);
        let here: Vec<_> = leaving.filter(|t| t.to.performer.includes(&request.gate)).cloned().collect();
        require(!here.is_empty(), "NOT_INITIAL")?;
        require(!gate.revoked.workflows.contains(&self.workflow.name), "REVOKED")?;
        let transition = self.one(&here, gate, request)?;
        self.instances = self.instances.saturating_add(1);
        let instance = format!("instance-{}", self.instances);
        let by = (peer, &request.gate);
        let start = Arc::new(Arrival::begun(&self.workflow, &transition.from, by, &instance, request.now));
        self.enter(gate, request, peer, &transition, &[Arc::clone(&start)], Some(&start))
    }

    /// The transition from this task that the request is.
    fn choose(
        &self,
        gate: &GateConfig,
        request: &Request,
        peer: &SpiffeId,
        at: &Task,
    ) -> Result<Arc<Transition>, Denied> {
        let fits_here = |t: &&Arc<Transition>| t.caller.includes(peer) && t.to.performer.includes(&request.gate);
        let all = || self.workflow.transitions.iter().filter(fits_here);
        let here: Vec<_> = all().filter(|t| t.from.name == at.name).cloned().collect();
        let found = self.choose_of(here, gate, request);
        if !matches!(found, Err(Denied("NO_TRANSITION" | "WRONG_TYPE" | "WRONG_REQUEST"))) {
            return found;
        }
        // More tasks might lead on, together with those that are shown.
        let shown = shown_at(request);
        let more = |t: &&Arc<Transition>| {
            t.sources().len() > shown.len().max(1) && shown.iter().all(|task| ways::leaves(t, task))
        };
        let mut larger = all().filter(more);
        let is_asked = |t: &Arc<Transition>| {
            let which = request.which(gate, &self.workflow, std::slice::from_ref(t));
            matches!(which, Ok(_) | Err(Denied("AMBIGUOUS")))
        };
        require(!larger.any(is_asked), "JOIN_INCOMPLETE")?;
        found
    }

    /// The transition among these that the request is.
    fn choose_of(
        &self,
        here: Vec<Arc<Transition>>,
        gate: &GateConfig,
        request: &Request,
    ) -> Result<Arc<Transition>, Denied> {
        require(!here.is_empty(), "NO_TRANSITION")?;
        let fits = |t: &Arc<Transition>| {
            let kind = if t.via { Kind::Receipt } else { Kind::Arrival };
            request.shown.iter().filter_map(|shown| shown.token()).all(|token| token.kind == kind)
        };
        let fitting: Vec<_> = here.into_iter().filter(fits).collect();
        require(!fitting.is_empty(), "WRONG_TYPE")?;
        self.one(&fitting, gate, request)
    }

    /// Whether this actor carries a transition that leaves the task.
    pub(crate) fn carries_on(&self, task: &Task, may: impl Fn(&Transition, &Actor) -> bool) -> bool {
        self.workflow.transitions.iter().any(|t| ways::leaves(t, &task.name) && may(t, &t.caller))
    }

    pub(crate) fn signed(&self) -> bool {
        self.workflow.assurance.has_tokens()
    }

    /// The one transition whose task the request is; that task declares any upgrade that it asks for.
    fn one(
        &self,
        transitions: &[Arc<Transition>],
        gate: &GateConfig,
        request: &Request,
    ) -> Result<Arc<Transition>, Denied> {
        let one = request.which(gate, &self.workflow, transitions)?;
        require(request.upgrade().is_none_or(|name| one.to.upgrade.contains(&name)), "UPGRADE")?;
        Ok(Arc::clone(one))
    }
}

/// The tasks that the tokens of a request are of.
pub(crate) fn shown_at(request: &Request) -> BTreeSet<&TaskName> {
    request.shown.iter().filter_map(|shown| shown.token()).map(|token| &token.arrival.task.name).collect()
}
