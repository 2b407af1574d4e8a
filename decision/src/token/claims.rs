//! The claims of a step token. Their size depends on the workflow, never on how long an instance has run.

use serde::{Deserialize, Serialize};
use stepgate_config::name::{ActorName, TaskName, WorkflowName};
use stepgate_config::sorted::{SortedMap, SortedSet};
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Digest, Task, Workflow};

use super::object::{filled, object, present, unique};
use crate::base64url;
use crate::fingerprint::fingerprint;
use crate::time::UnixTime;

/// The format of the claims.
pub const TOKEN_VERSION: u32 = 1;

/// Most parents that a token may name: the most incoming transitions of one join.
pub const MAX_PARENTS: usize = 64;

/// How often each task on a cycle was entered on this line of descent.
pub type Visits = SortedMap<TaskName, u32>;
/// The SPIFFE IDs that performed each task under a constraint.
pub type Performers = SortedMap<TaskName, SortedSet<SpiffeId>>;
/// The round of each join ahead: the `jti` of the arrival at its fork.
pub type Forks = SortedMap<TaskName, String>;

/// The `jti` of a start. It follows from the initiator, the instance and the issuer, so a gate that may issue starts
/// cannot choose it.
pub(crate) fn start_jti(workflow: &WorkflowName, txn: &str, issuer: &SpiffeId, holder: &SpiffeId) -> String {
    let bytes = fingerprint(&["start", workflow.as_str(), txn, issuer.as_str(), holder.as_str()]);
    base64url::encode(bytes)
}

/// The kinds of step token, by `typ` (RFC 8725, section 3.11: each is accepted only where it belongs).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TokenType {
    /// For the performer of a task: what it has received, and so may hand on.
    Arrival,
    /// For a caller: the performer it called has done its task.
    Receipt,
    /// At level `once`, from the gate of a caller to that of the receiver: this one request may be made.
    Departure,
}

impl TokenType {
    /// The `typ` header parameter (RFC 7515, section 4.1.9).
    pub fn typ(self) -> &'static str {
        match self {
            Self::Arrival => "wfa+jwt",
            Self::Receipt => "wfr+jwt",
            Self::Departure => "wfd+jwt",
        }
    }

    /// The type that a `typ` names, letter for letter.
    pub fn from_typ(typ: &str) -> Option<Self> {
        [Self::Arrival, Self::Receipt, Self::Departure].into_iter().find(|t| t.typ() == typ)
    }
}

/// The step of an instance: the `wf` claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepClaim {
    /// The format's version.
    pub v: u32,
    /// The workflow's name.
    pub name: WorkflowName,
    /// Its revision.
    pub rev: u32,
    /// The digest of the whole document.
    pub digest: Digest,
    /// The task reached; in a departure the one that it leaves, or the join of several that it leaves.
    pub task: TaskName,
    /// At a join: the task from which this arrival came, or the several.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub from: Option<TaskName>,
}

impl StepClaim {
    /// The claim of a gate that has this document.
    pub(crate) fn of(workflow: &Workflow, task: &Task, from: Option<&TaskName>) -> Self {
        Self {
            v: TOKEN_VERSION,
            name: workflow.name.clone(),
            rev: workflow.revision,
            digest: workflow.digest.clone(),
            task: task.name.clone(),
            from: from.cloned(),
        }
    }
}

/// The claims of a step token. Names as in RFC 7519 and OAuth Transaction Tokens where they mean the same.
///
/// This type is the one encoder and the one strict reader of claims: unknown and repeated members, `null`, an empty list
/// or object where a gate writes no member, and texts that are not of their type, are errors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// The gate's workload.
    pub iss: SpiffeId,
    /// The workload that may present it.
    pub sub: SpiffeId,
    /// The instance.
    pub txn: String,
    /// The arrival that this token proves, or to which a departure leads.
    pub jti: String,
    /// When it was issued.
    pub iat: UnixTime,
    /// When it ends; never after `dl`.
    pub exp: UnixTime,
    /// The instance's deadline.
    pub dl: UnixTime,
    /// The `jti` of its parents; none: a start.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "filled")]
    pub parents: Vec<String>,
    /// The step of the instance.
    #[serde(deserialize_with = "object")]
    pub wf: StepClaim,
    /// Visits of tasks on cycles.
    #[serde(default, skip_serializing_if = "SortedMap::is_empty", deserialize_with = "unique")]
    pub visits: Visits,
    /// Performers of tasks under constraints.
    #[serde(default, skip_serializing_if = "SortedMap::is_empty", deserialize_with = "unique")]
    pub performers: Performers,
    /// Rounds of the joins ahead.
    #[serde(default, skip_serializing_if = "SortedMap::is_empty", deserialize_with = "unique")]
    pub fork: Forks,
    /// The minting replica.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub rep: Option<String>,
    /// In a departure, and only there: the task that the request enters.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub to: Option<TaskName>,
    /// In a departure, and only there: the actor that performs this task.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub aud: Option<ActorName>,
}

impl Claims {
    /// Whether they have the members of tokens of this type. The join of several tasks is entered by no request, so only a
    /// departure is at one.
    pub(super) fn are_of(&self, token_type: TokenType) -> bool {
        let departs = token_type == TokenType::Departure;
        [self.to.is_some(), self.aud.is_some()] == [departs; 2] && (departs || !self.wf.task.is_of_several())
    }
}
