//! Drafts: the content of a document, with places, before it is checked.

use std::time::Duration;

use crate::diagnostic::Span;
use crate::graph::Graph;
use crate::guard::Guard;
use crate::name::{ActorName, TaskName, WorkflowName};
use crate::open_id::OpenId;
use crate::sorted::{SortedMap, SortedSet};
use crate::spiffe::{SpiffeId, TrustDomain};
use crate::workflow::{Assurance, Attribute, JoinKind, Mode, Relation, RequestPattern, Split};

/// A document. Actors and tasks are referred to by their index.
pub(crate) struct Draft {
    /// The place of the workflow's name.
    pub(crate) span: Span,
    pub(crate) name: Option<WorkflowName>,
    pub(crate) revision: Option<u32>,
    pub(crate) trust_domain: Option<TrustDomain>,
    /// From a gate's configuration; not part of the document.
    pub(crate) aliases: SortedSet<TrustDomain>,
    pub(crate) assurance: Option<Assurance>,
    pub(crate) deadline: Option<Duration>,
    pub(crate) task_ttl: Option<Duration>,
    /// The places of these two, where they are written.
    pub(crate) deadline_span: Option<Span>,
    pub(crate) task_ttl_span: Option<Span>,
    /// From a gate's configuration; not part of the document.
    pub(crate) open: Option<bool>,
    pub(crate) open_span: Option<Span>,
    pub(crate) mode: Option<Mode>,
    pub(crate) mode_span: Option<Span>,
    /// The place of the key `tasks`; none where it is missing, which has been reported.
    pub(crate) tasks_span: Option<Span>,
    pub(crate) actors: Vec<ActorDraft>,
    pub(crate) tasks: Vec<TaskDraft>,
    pub(crate) transitions: Vec<TransitionDraft>,
    pub(crate) constraints: Vec<ConstraintDraft>,
    /// Whether all tasks and transitions are here: where one is left out because of an error, errors about
    /// the graph would only follow from it.
    pub(crate) complete: bool,
}

pub(crate) struct ActorDraft {
    pub(crate) name: ActorName,
    pub(crate) span: Span,
    pub(crate) spiffe: Vec<(SpiffeId, Span)>,
    /// The IDs with an open segment.
    pub(crate) open: Vec<(OpenId, Span)>,
    pub(crate) attributes: SortedMap<String, Attribute>,
    /// The attributes of single IDs.
    pub(crate) own: SortedMap<SpiffeId, SortedMap<String, Attribute>>,
    /// The same of IDs with an open segment.
    pub(crate) own_open: SortedMap<OpenId, SortedMap<String, Attribute>>,
    pub(crate) hosts: Vec<String>,
}

pub(crate) struct TaskDraft {
    pub(crate) name: TaskName,
    pub(crate) span: Span,
    /// None where the actor is unknown.
    pub(crate) performer: Option<usize>,
    pub(crate) requests: Vec<RequestPattern>,
    pub(crate) requests_span: Option<Span>,
    pub(crate) initial: bool,
    pub(crate) join: JoinKind,
    pub(crate) join_span: Option<Span>,
    /// What the document says, and its place.
    pub(crate) split: Option<(Split, Span)>,
    pub(crate) upgrade: SortedSet<String>,
    pub(crate) max_visits: Option<(u32, Span)>,
    pub(crate) ttl: Option<(Duration, Span)>,
    /// Of the join that several tasks are for a transition that leaves all of them: these tasks, by name. No document writes
    /// such a task, and no request enters it.
    pub(crate) sources: Vec<usize>,
}

/// A transition whose ends are known.
pub(crate) struct TransitionDraft {
    /// The task, or the join of several.
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) span: Span,
    pub(crate) to_span: Span,
    /// The actor that `via` names, unless it is the performer of `from`.
    pub(crate) via: Option<(usize, Span)>,
    /// The place of a `via` that names the performer of `from`.
    pub(crate) via_performer: Option<Span>,
    pub(crate) uses: u32,
    pub(crate) after: Option<(Duration, Span)>,
    pub(crate) within: Option<(Duration, Span)>,
    pub(crate) when: Option<Guard>,
    /// The place of `when`, if it is there.
    pub(crate) when_span: Span,
}

pub(crate) struct ConstraintDraft {
    pub(crate) relation: Relation,
    /// For people only: gates do not enforce it.
    pub(crate) advisory: bool,
    pub(crate) tasks: Vec<(usize, Span)>,
    pub(crate) span: Span,
}

/// A transition as an edge of the graph: its two tasks and its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edge {
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// None where the actor is unknown.
    pub(crate) caller: Option<usize>,
}

impl Draft {
    /// Whether its steps are signed tokens.
    pub(crate) fn has_tokens(&self) -> bool {
        self.assurance.is_some_and(Assurance::has_tokens)
    }

    /// The task with this index.
    pub(crate) fn task(&self, index: usize) -> Option<&TaskDraft> {
        self.tasks.get(index)
    }

    /// The life of a task's tokens. None where a duration has an error.
    pub(crate) fn ttl(&self, task: &TaskDraft) -> Option<Duration> {
        task.ttl.map(|(ttl, _)| ttl).or(self.task_ttl)
    }

    /// The task's name, for messages.
    pub(crate) fn task_name(&self, index: usize) -> &str {
        self.tasks.get(index).map_or("", |task| task.name.as_str())
    }

    /// The actor's name, for messages.
    pub(crate) fn actor_name(&self, index: usize) -> &str {
        self.actors.get(index).map_or("", |actor| actor.name.as_str())
    }

    /// The caller of a transition: the actor that sends its request.
    pub(crate) fn caller(&self, transition: &TransitionDraft) -> Option<usize> {
        match transition.via {
            Some((actor, _)) => Some(actor),
            None => self.task(transition.from).and_then(|task| task.performer),
        }
    }

    /// All transitions as edges, in the order of the document, and after them the edges from tasks to the joins of several.
    pub(crate) fn edges(&self) -> impl Iterator<Item = Edge> {
        let transitions = self.transitions.iter().map(|t| Edge { from: t.from, to: t.to, caller: self.caller(t) });
        transitions.chain(
            self.tasks
                .iter()
                .enumerate()
                .flat_map(|(to, task)| task.sources.iter().map(move |from| Edge { from: *from, to, caller: None })),
        )
    }

    /// The graph of its tasks and edges.
    pub(crate) fn graph(&self) -> Graph {
        let initial = self.tasks.iter().enumerate().filter(|(_, task)| task.initial).map(|(index, _)| index);
        Graph::new(self.tasks.len(), initial, self.edges().map(|edge| (edge.from, edge.to)))
    }

    /// The tasks that a transition leaves.
    pub(crate) fn sources(&self, transition: &TransitionDraft) -> Vec<usize> {
        let sources = self.task(transition.from).map(|task| task.sources.as_slice()).unwrap_or_default();
        if sources.is_empty() { vec![transition.from] } else { sources.to_vec() }
    }

    /// The index of the actor called `name`.
    pub(crate) fn actor_index(&self, name: &str) -> Option<usize> {
        self.actors.iter().position(|actor| actor.name.as_str() == name)
    }
}
