//! A checked workflow: what the decision works on. Values of these types are made only by
//! [`crate::read`], so what they say holds: names resolve, cycles are bounded, joins have a fork.

mod actor;
mod constraint;
mod digest;
mod request;
mod task;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub use actor::{Actor, Attribute};
pub use constraint::{Constraint, Relation};
pub use digest::Digest;
pub use request::{MAX_PATTERN, Method, PathPattern, RequestPattern, Segment, without_port};
pub use task::{Join, JoinKind, Split, Task, Transition};

use crate::name::{ActorName, TaskName, WorkflowName};
use crate::spiffe::TrustDomain;

/// How much a workflow's gates prove. Two more levels (`once`, `ledger`) are part of the language;
/// a document that asks for one is refused until the gates can keep the promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assurance {
    /// The peer's identity and a plain step.
    Identity,
    /// Signed step tokens and a replay record in each receiving replica.
    Signed,
}

/// What a gate does with what it would refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Mode {
    /// Decide, log and count, but let through.
    Observe,
    /// Refuse.
    #[default]
    Enforce,
}

/// One revision of one workflow.
///
/// What a document marks as advisory stands here as it is written. Only keys that the level does not
/// enforce can be advisory, and at the levels that enforce them they must not be, so nobody who goes by
/// [`Workflow::assurance`] holds a request to something advisory.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Workflow {
    /// Its name.
    pub name: WorkflowName,
    /// Which version of the document this is; an instance ends in the revision in which it began.
    pub revision: u32,
    /// SHA-256 of the document's meaning (not of its spelling).
    pub digest: Digest,
    /// Against which relative SPIFFE IDs are read.
    pub trust_domain: TrustDomain,
    /// What its gates prove.
    pub assurance: Assurance,
    /// The longest life of an instance.
    pub deadline: Duration,
    /// The longest life of one step's token.
    pub task_ttl: Duration,
    /// Who takes part.
    pub actors: BTreeMap<ActorName, Arc<Actor>>,
    /// What is done.
    pub tasks: BTreeMap<TaskName, Arc<Task>>,
    /// How an instance moves, in the order of the document. At most one for each (from, to).
    pub transitions: Vec<Arc<Transition>>,
    /// The joins that need all their evidence, by the joining task.
    pub joins: BTreeMap<TaskName, Arc<Join>>,
    /// Who must, and who must not, be the same.
    pub constraints: Vec<Constraint>,
    /// Whether new instances may begin in this revision; set in the gate's configuration
    /// (default: only the highest revision of a name is open).
    pub open: bool,
    /// The workflow's own mode, where its gate's configuration names one.
    pub mode: Option<Mode>,
}
