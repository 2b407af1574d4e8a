//! An arrival: a workload was let in at a task.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use ct_codecs::{Base64UrlSafeNoPadding, Encoder};
use sha2::{Digest, Sha256};
use stepgate_config::name::TaskName;
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Task, Transition, Workflow};

use crate::kind::Kind;
use crate::renamed::documented;

/// A workload was let in at a task, with all that led there.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The task.
    pub task: Arc<Task>,
    /// The task before; none at a start.
    pub from: Option<TaskName>,
    /// The arrivals that led here.
    pub parents: Vec<Arc<Arrival>>,
    /// What is assumed of the past of an arrival without parents.
    pub past: Past,
    /// The name of what was left: the parent's, at a join that of its round.
    pub left: String,
    /// What the arrival is called (`jti`). Two replicas that were shown the same make two arrivals of one name.
    pub name: String,
    /// Who performs the task here.
    pub performer: SpiffeId,
    /// Whose gate issues its tokens.
    pub issuer: SpiffeId,
    /// Which instance.
    pub instance: String,
    /// When it was issued, and its ends.
    pub times: Times,
    /// Whether the instance began with it.
    pub start: bool,
}

/// The times of an arrival, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// When its tokens were issued.
    pub iat: u64,
    /// When its tokens end.
    pub exp: u64,
    /// When the instance ends.
    pub dl: u64,
}

/// A past of which no arrivals are remembered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Past {
    /// How often each task was entered.
    pub entered: BTreeMap<TaskName, u32>,
    /// Who has performed which task.
    pub performed: BTreeSet<(TaskName, SpiffeId)>,
    /// The passage through each fork that lies behind. Without one, none was passed.
    pub round: Option<String>,
}

/// A request that may pass.
#[derive(Debug, Clone)]
pub enum Permitted {
    /// It belongs to no workflow, and goes on without a step.
    Exempt,
    /// It is a transition.
    Transition(Box<Arrived>),
}

/// What a transition brings.
#[derive(Debug, Clone)]
pub struct Arrived {
    /// The transition.
    pub transition: Arc<Transition>,
    /// The new arrival.
    pub arrival: Arc<Arrival>,
    /// If an instance begins: the initiator's arrival.
    pub start: Option<Arc<Arrival>>,
    /// Whether the caller gets a receipt.
    pub receipt: bool,
}

impl Times {
    /// Those that a gate gives at this task in an instance that begins now.
    pub fn beginning(workflow: &Workflow, task: &Task, now: u64) -> Self {
        let dl = now.saturating_add(seconds(workflow.deadline));
        Self { iat: now, exp: now.saturating_add(seconds(task.ttl)).min(dl), dl }
    }

    /// All of them so many seconds earlier.
    #[must_use]
    pub fn earlier(self, seconds: u64) -> Self {
        let before = |time: u64| time.saturating_sub(seconds);
        Self { iat: before(self.iat), exp: before(self.exp), dl: before(self.dl) }
    }
}

impl Arrival {
    /// The start of an instance by `initiator`, which the gate of `issuer` was the first to see.
    pub fn begun(
        workflow: &Workflow,
        task: &Arc<Task>,
        (initiator, issuer): (&SpiffeId, &SpiffeId),
        instance: &str,
        now: u64,
    ) -> Self {
        Self {
            task: Arc::clone(task),
            from: None,
            parents: Vec::new(),
            past: Past::default(),
            left: String::new(),
            name: start_name(workflow, instance, issuer, initiator),
            performer: documented(workflow, initiator),
            issuer: issuer.clone(),
            instance: instance.to_owned(),
            times: Times::beginning(workflow, task, now),
            start: true,
        }
    }

    /// What `holder` holds at a task after the shortest history, though no gate has let it in: one arrival; at a join
    /// one from each source, at several tasks together one at each, all of one round.
    pub fn assumed(
        workflow: &Workflow,
        task: &Arc<Task>,
        (holder, kind): (&SpiffeId, Kind),
        instance: &str,
        now: u64,
    ) -> Vec<Self> {
        if task.initial && kind == Kind::Arrival {
            let first = workflow.transitions.iter().find(|t| t.from.name == task.name);
            let issuer = first.and_then(|t| t.to.performer.examples.first()).unwrap_or(holder);
            return vec![Self::begun(workflow, task, (holder, issuer), instance, now)];
        }
        let performer = if kind == Kind::Receipt { task.performer.examples.first().unwrap_or(holder) } else { holder };
        if let Some(several) = crate::ways::together(workflow).find(|t| t.from.name == task.name) {
            let at = |source| Self::assumed(workflow, source, (holder, kind), instance, now);
            let mut all: Vec<Self> = several.sources().iter().flat_map(at).collect();
            // One of them may be where the round began.
            let fork = crate::ways::fork(workflow, &task.name);
            let begun = all.iter().find(|one| Some(&one.task.name) == fork.as_ref()).map(|one| one.name.clone());
            if begun.is_some() {
                let others = all.iter_mut().filter(|one| Some(&one.task.name) != fork.as_ref());
                others.for_each(|one| one.past.round.clone_from(&begun));
            }
            return all;
        }
        let named = |source: Option<&TaskName>, other: &str| source.map_or(other.to_owned(), without_plus);
        let from = |source: Option<&TaskName>| Self {
            task: Arc::clone(task),
            from: source.cloned(),
            parents: Vec::new(),
            past: Past { round: Some(format!("{instance}.fork")), ..Past::default() },
            left: format!("{instance}.{}", named(source, "before")),
            name: format!("{instance}.{}.{}", task.name, named(source, "-")),
            performer: documented(workflow, performer),
            issuer: performer.clone(),
            instance: instance.to_owned(),
            times: Times::beginning(workflow, task, now),
            start: false,
        };
        if is_join(task) {
            return crate::ways::sources(workflow, &task.name).into_iter().map(|source| from(Some(source))).collect();
        }
        vec![from(None)]
    }
}

pub(crate) fn is_join(task: &Task) -> bool {
    task.join == stepgate_config::workflow::JoinKind::All
}

/// A source of a join for the name of an arrival, which has no `+`.
pub(crate) fn without_plus(source: &TaskName) -> String {
    source.as_str().replace('+', "_")
}

/// A duration in seconds; a part of one counts as a whole one.
pub(crate) fn seconds(duration: Duration) -> u64 {
    duration.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX)
}

/// The name of a start follows from workflow, instance, issuer and holder, so that a gate cannot choose it.
fn start_name(workflow: &Workflow, instance: &str, issuer: &SpiffeId, holder: &SpiffeId) -> String {
    derived(&["start", workflow.name.as_str(), instance, issuer.as_str(), holder.as_str()])
}

/// A name that follows from these texts: the first half of a SHA-256 of them, each after its length in eight bytes.
pub(crate) fn derived(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let whole = hash.finalize();
    let (half, _) = whole.split_at(16);
    Base64UrlSafeNoPadding::encode_to_string(half).unwrap_or_default()
}
