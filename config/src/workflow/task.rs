//! Tasks, and the transitions that join them.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use super::{Actor, RequestPattern};
use crate::guard::Guard;
use crate::name::TaskName;

/// What starts a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum JoinKind {
    /// Each arrival starts it.
    #[default]
    Any,
    /// What leaves it needs the evidence of every incoming transition.
    All,
}

/// How many of the transitions that leave a task one visit may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Split {
    /// Each, up to its `uses`.
    #[default]
    Any,
    /// Only one of them.
    One,
}

/// One thing that one actor does.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Task {
    /// Its name in the document.
    pub name: TaskName,
    /// Who performs it.
    pub performer: Arc<Actor>,
    /// Which requests are this task; empty: any request.
    pub requests: Vec<RequestPattern>,
    /// Whether an instance may begin here.
    pub initial: bool,
    /// What starts it.
    pub join: JoinKind,
    /// What may leave it.
    pub split: Split,
    /// Protocol upgrades that belong to the task, lower case (`websocket`, `connect`).
    pub upgrade: BTreeSet<String>,
    /// How often one line of descent may enter it: set exactly where it lies on a cycle.
    pub max_visits: Option<u32>,
    /// Whether a constraint names it: tokens then carry who performed it.
    pub constrained: bool,
    /// The joins for which an arrival here stamps the fork.
    pub forks: BTreeSet<TaskName>,
    /// The joins whose fork a token at this task carries on: those ahead, before their fork comes again.
    pub carries: BTreeSet<TaskName>,
}

/// A way from one task to another.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Transition {
    /// Where the instance stands before.
    pub from: Arc<Task>,
    /// Where it stands after.
    pub to: Arc<Task>,
    /// Who brings the request: the performer of `from`, or the actor that `via` names.
    pub caller: Arc<Actor>,
    /// Whether `via` names another caller than the performer of `from`: the caller then shows a
    /// receipt, not an arrival.
    pub via: bool,
    /// How often it may be taken in one visit. No level of this release enforces more than that two
    /// requests of one use are one: above 1 it is advisory.
    pub uses: u32,
    /// What must hold besides.
    pub when: Option<Guard>,
}

impl fmt::Display for Transition {
    /// `FROM -> TO`, which names it within its workflow.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}", self.from.name, self.to.name)
    }
}

/// A join that needs the evidence of all its incoming transitions.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Join {
    /// The joining task.
    pub task: TaskName,
    /// The nearest common dominator of what comes in: its arrival names the round.
    pub fork: TaskName,
    /// The tasks from which evidence must come, in the order of the document.
    pub sources: Vec<TaskName>,
}
