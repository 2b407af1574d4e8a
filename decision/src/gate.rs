//! A gate that is ready to decide: its configuration with keys and secrets, and what can be worked
//! out before a request comes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use stepgate_config::gate::{ExemptPeers, GateConfig};
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Mode, Task, Transition, Workflow};

use crate::guard::Guards;
use crate::keys::{KeyError, KeyRing};

/// Shortest interlock secret, in bytes: it must not be guessed.
const MIN_INTERLOCK: usize = 16;

/// Why a gate cannot be built. Until it can, everything is denied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GateError {
    /// A key that is there and cannot be used.
    Key(KeyError),
    /// An interlock variable that is not set, or too short, or no header value.
    Interlock(String),
}

impl fmt::Display for GateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(error) => error.fmt(f),
            Self::Interlock(env) => {
                write!(
                    f,
                    "interlock: the environment's `{env}` must be {MIN_INTERLOCK} to 256 visible ASCII characters"
                )
            }
        }
    }
}

impl std::error::Error for GateError {}

/// One revision of a workflow, with its transitions by the task they leave.
pub(crate) struct CompiledWorkflow {
    pub(crate) workflow: Arc<Workflow>,
    pub(crate) mode: Mode,
    pub(crate) revoked: bool,
    leaving: BTreeMap<String, Vec<Arc<Transition>>>,
}

impl CompiledWorkflow {
    pub(crate) fn leaving(&self, task: &Task) -> &[Arc<Transition>] {
        self.leaving.get(task.name.as_str()).map(Vec::as_slice).unwrap_or_default()
    }

    /// The transitions with which an instance may begin.
    pub(crate) fn starts(&self) -> impl Iterator<Item = &Arc<Transition>> {
        self.workflow.transitions.iter().filter(|t| t.from.initial && !t.via)
    }
}

/// A gate that is ready to decide.
pub struct Gate {
    pub(crate) config: GateConfig,
    pub(crate) keys: KeyRing,
    pub(crate) interlock: Vec<String>,
    pub(crate) start_header: String,
    pub(crate) guards: Guards,
    plans: BTreeMap<String, BTreeMap<u32, CompiledWorkflow>>,
    actors: BTreeSet<SpiffeId>,
    trust_domains: BTreeSet<String>,
}

impl Gate {
    /// Makes a gate of a checked configuration; `environment` answers for the variables that hold
    /// keys and interlock secrets. Beside it come the keys that were left out for want of their variable.
    ///
    /// # Errors
    /// All that keeps it from being safe.
    pub fn new(
        config: GateConfig,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<(Self, Vec<KeyError>), Vec<GateError>> {
        let mut errors = Vec::new();
        let mut interlock = Vec::new();
        for (at, env) in config.interlock.iter().enumerate() {
            match environment(env) {
                Some(secret) if is_secret(&secret) => interlock.push(secret),
                // Only the secret that is set must be there: the next one comes with the next roll-out.
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
        let mut plans: BTreeMap<String, BTreeMap<u32, CompiledWorkflow>> = BTreeMap::new();
        let (mut actors, mut trust_domains) = (BTreeSet::new(), BTreeSet::new());
        for workflow in &config.workflows {
            for id in workflow.actors.values().flat_map(|actor| &actor.spiffe) {
                actors.insert(id.clone());
                trust_domains.insert(id.trust_domain().to_owned());
            }
            let revisions = plans.entry(workflow.name.as_str().to_owned()).or_default();
            revisions.insert(workflow.revision, plan(workflow, &config));
        }
        for exemption in &config.exempt {
            if let ExemptPeers::These(ids) = &exemption.peers {
                trust_domains.extend(ids.iter().map(|id| id.trust_domain().to_owned()));
            }
        }
        let start_header = format!("{}-start", config.header);
        let guards = Guards::new();
        Ok((Self { config, keys, interlock, start_header, guards, plans, actors, trust_domains }, missing))
    }

    /// The configuration that the gate was made of.
    pub fn config(&self) -> &GateConfig {
        &self.config
    }

    /// The keys.
    pub fn keys(&self) -> &KeyRing {
        &self.keys
    }

    pub(crate) fn knows_domain(&self, id: &SpiffeId) -> bool {
        self.trust_domains.contains(id.trust_domain())
    }

    pub(crate) fn knows_actor(&self, id: &SpiffeId) -> bool {
        self.actors.contains(id)
    }

    /// What is done with a denial at this workload: the strictest of what its workflows say. Which workflow a
    /// request belongs to is the request's own word, and that must not choose the mode.
    pub(crate) fn mode_of(&self, own: Option<&SpiffeId>) -> Mode {
        let takes_part = |plan: &&CompiledWorkflow| {
            own.is_none_or(|own| plan.workflow.actors.values().any(|actor| actor.includes(own)))
        };
        self.plans().filter(takes_part).map(|plan| plan.mode).max().unwrap_or(self.config.mode).max(self.config.mode)
    }

    pub(crate) fn plans(&self) -> impl Iterator<Item = &CompiledWorkflow> {
        self.plans.values().flat_map(BTreeMap::values)
    }

    pub(crate) fn revisions(&self, workflow: &str) -> Option<&BTreeMap<u32, CompiledWorkflow>> {
        self.plans.get(workflow)
    }
}

impl fmt::Debug for Gate {
    /// Without keys and secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gate({} workflows)", self.config.workflows.len())
    }
}

fn is_secret(secret: &str) -> bool {
    (MIN_INTERLOCK..=256).contains(&secret.len()) && secret.bytes().all(|b| b.is_ascii_graphic())
}

fn plan(workflow: &Arc<Workflow>, config: &GateConfig) -> CompiledWorkflow {
    let mut leaving: BTreeMap<String, Vec<Arc<Transition>>> = BTreeMap::new();
    for transition in &workflow.transitions {
        leaving.entry(transition.from.name.as_str().to_owned()).or_default().push(Arc::clone(transition));
    }
    CompiledWorkflow {
        // The stricter of the two wins.
        mode: workflow.mode.map_or(config.mode, |own| own.max(config.mode)),
        revoked: config.revoked.workflows.contains(&workflow.name),
        workflow: Arc::clone(workflow),
        leaving,
    }
}
