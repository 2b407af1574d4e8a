//! Tasks, transitions and joins.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{Actor, Apart, RequestPattern, Split};
use crate::diagnostic::Span;
use crate::guard::Guard;
use crate::name::TaskName;
use crate::sorted::SortedSet;
use crate::spiffe::SpiffeId;

/// What a task requires before it continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum JoinKind {
    /// One arrival.
    #[default]
    Any,
    /// A token from each incoming transition, all of one round.
    All,
}

/// A piece of work that one actor does when it receives a request.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Task {
    /// Its name in the document.
    pub name: TaskName,
    /// The actor that performs it.
    pub performer: Arc<Actor>,
    /// Its requests: those that match any of the patterns; empty: any request.
    pub requests: Vec<RequestPattern>,
    /// Whether an instance may begin here.
    pub initial: bool,
    /// What it requires before it continues.
    pub join: JoinKind,
    /// Which of its outgoing transitions a visit is meant to take, where the document says so and several leave it.
    pub split: Option<Split>,
    /// Protocol upgrades that belong to the task, lower case (`websocket`, `connect`).
    pub upgrade: SortedSet<String>,
    /// How often one branch of an instance may enter it; present exactly for tasks on a cycle.
    pub max_visits: Option<u32>,
    /// Whether a constraint names it: tokens then carry its performer.
    pub constrained: bool,
    /// Whether a `bind` names it.
    pub bound: bool,
    /// The joins whose fork it is: an arrival here begins a round of each.
    pub forks: SortedSet<TaskName>,
    /// The joins whose fork the tokens of this task carry: those that a path leads to without passing their fork.
    pub carries: SortedSet<TaskName>,
    /// Whether it is a join, or a path leads here from one.
    pub behind_join: bool,
    /// The longest life of its tokens.
    pub ttl: Duration,
    /// How far apart twins of one of its tokens are minted, unless it is behind a join.
    pub apart: Apart,
}

/// A request that moves an instance from one task to another.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Transition {
    /// The task that the instance leaves.
    pub from: Arc<Task>,
    /// The task that the request enters.
    pub to: Arc<Task>,
    /// The actor that sends the request: the performer of `from`, or the one that `via` names.
    pub caller: Arc<Actor>,
    /// Whether the caller is not the performer of `from`: it then shows a receipt, not an arrival.
    pub via: bool,
    /// How often each replica of the receiver may take it in one visit.
    pub uses: u32,
    /// How long after the latest evidence was issued it opens.
    pub after: Option<Duration>,
    /// How long after the latest evidence was issued it is open.
    pub within: Option<Duration>,
    /// Where the input names it.
    pub place: Span,
    /// The guard: a condition that must be true for the request to pass.
    pub when: Option<Guard>,
}

impl Task {
    /// Whether tokens say that this workload performed the task. All workloads of an open segment are one performer for
    /// `separate`, which `check` compares; only `bind` asks which of them it was.
    pub fn records(&self, performer: &SpiffeId) -> bool {
        self.constrained && (self.bound || !self.performer.is_open_to(performer))
    }
}

impl Transition {
    /// Whether this actor presents a receipt of another's task to take it.
    pub fn takes_receipt_of(&self, caller: &Actor) -> bool {
        self.via && self.caller.name == caller.name
    }
}

impl fmt::Display for Transition {
    /// `FROM -> TO`, which names it within its workflow.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}", self.from.name, self.to.name)
    }
}

/// A join that requires a token from each of its incoming transitions.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Join {
    /// The task with `join: all`.
    pub task: TaskName,
    /// The nearest common dominator of the sources: an arrival there begins a round.
    pub fork: TaskName,
    /// The tasks from which transitions lead to it, in the order of the document.
    pub sources: Vec<TaskName>,
}
