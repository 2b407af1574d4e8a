//! A checked workflow, which decisions are based on. Only [`crate::read`] makes values of these types, so their
//! invariants hold: names resolve, cycles are bounded, joins have a fork.

mod actor;
mod apart;
mod assurance;
mod constraint;
mod digest;
mod domain;
mod example;
mod headers;
mod levels;
mod matched;
mod method;
mod path_pattern;
mod path_pattern_error;
mod request;
mod segment;
mod split;
mod task;

use std::sync::Arc;
use std::time::Duration;

pub use actor::{Actor, Attribute};
pub use apart::Apart;
pub use assurance::Assurance;
pub use constraint::{Constraint, Relation};
pub use digest::{Digest, DigestError};
pub use domain::Domain;
pub use example::{ExampleRequest, GRPC_HEADERS, is_grpc};
pub use headers::{HeaderPattern, HeaderPatterns};
pub use levels::MixedLevels;
pub(crate) use matched::most_matched;
pub use method::{Method, MethodError, MethodFit, sends_back};
pub use path_pattern::PathPattern;
pub use path_pattern_error::{MAX_PATTERN, MAX_ROUND, PathPatternError};
pub use request::{RequestPattern, without_port};
pub use split::Split;
pub use task::{Join, JoinKind, Task, Transition};

pub use crate::open_id::{MAX_OPEN_SEGMENT, OpenId};

use crate::name::{ActorName, TaskName, WorkflowName};
use crate::sorted::SortedMap;
use crate::spiffe::{SpiffeId, TrustDomain};

/// What a gate does with requests that it denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Mode {
    /// Log and count them, and let them pass.
    Observe,
    /// Reject them.
    #[default]
    Enforce,
}

impl Mode {
    /// The word for it in documents, logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Enforce => "enforce",
        }
    }
}

/// One revision of one workflow.
///
/// Advisory values are here as written, except advisory constraints, which are in [`Workflow::advice`]. A key can be advisory only at
/// levels that do not enforce it, so code that respects [`Workflow::assurance`] never enforces an advisory value.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Workflow {
    /// Its name.
    pub name: WorkflowName,
    /// The version of the document; an instance stays in the revision in which it began.
    pub revision: u32,
    /// SHA-256 of the document's meaning, independent of its notation.
    pub digest: Digest,
    /// The trust domain of relative SPIFFE IDs.
    pub trust_domain: TrustDomain,
    /// The same with its aliases, which are set in the gate's configuration.
    pub domain: Arc<Domain>,
    /// How much its gates prove.
    pub assurance: Assurance,
    /// The longest life of an instance.
    pub deadline: Duration,
    /// The longest life of the tokens of tasks that have no `ttl`.
    pub task_ttl: Duration,
    /// Its actors, by name.
    pub actors: SortedMap<ActorName, Arc<Actor>>,
    /// Its tasks, by name.
    pub tasks: SortedMap<TaskName, Arc<Task>>,
    /// Its transitions, in the order of the document; at most one for each pair of `from` and `to`.
    pub transitions: Vec<Arc<Transition>>,
    /// The joins that require a token from each incoming transition, by their task, and those of several tasks that one
    /// transition leaves.
    pub joins: SortedMap<TaskName, Arc<Join>>,
    /// Its enforced constraints, in the order of the document.
    pub constraints: Vec<Constraint>,
    /// Its advisory constraints, which no gate enforces: for people only, and not part of its meaning.
    pub advice: Vec<Constraint>,
    /// Whether new instances may begin in this revision; set in the gate's configuration
    /// (default: only the highest revision of a name is open).
    pub open: bool,
    /// The workflow's own mode, where the gate's configuration has one; see [`crate::GateConfig::mode_of`].
    pub mode: Option<Mode>,
}

impl Workflow {
    /// The transitions that leave a task alone, in the order of the document.
    pub fn leaving(&self, task: &Task) -> impl Iterator<Item = &Arc<Transition>> {
        self.transitions.iter().filter(|transition| transition.from.name == task.name)
    }

    /// The transitions that leave a task, alone or together with others, or the join of several, in the order of the document.
    pub fn leaving_with_others(&self, task: &Task) -> impl Iterator<Item = &Arc<Transition>> {
        let leaves = |from: &Arc<Task>| from.name == task.name;
        self.transitions.iter().filter(move |t| leaves(&t.from) || t.sources.iter().any(leaves))
    }

    /// Whether this actor is the caller of a transition (`via`) that leaves a task of another performer. It then needs a
    /// receipt for that task, and presents it.
    pub fn needs_receipt(&self, task: &Task, caller: &Actor) -> bool {
        self.leaving_with_others(task).any(|transition| transition.takes_receipt_of(caller))
    }

    /// The actors that this workload is.
    pub fn roles<'w>(&'w self, id: &'w SpiffeId) -> impl Iterator<Item = &'w Arc<Actor>> {
        self.actors.values().filter(|actor| actor.includes(id))
    }
}
