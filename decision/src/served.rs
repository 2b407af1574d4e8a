//! The tasks that are called, by the workloads that perform them.

use std::fmt;
use std::sync::Arc;

use stepgate_config::name::{ActorName, TaskName, WorkflowName};
use stepgate_config::sorted::SortedMap;
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Actor, Domain, OpenId, RequestPattern, Task, Workflow};

use crate::task_index::Index;

/// A task to which a transition leads, as the owner of one of its patterns.
pub(crate) struct ServedTask {
    workflow: WorkflowName,
    pub(crate) task: Arc<Task>,
}

impl ServedTask {
    /// Its workflow's name and its own: those of the same task, perhaps of another revision.
    pub(crate) fn names(&self) -> (&WorkflowName, &TaskName) {
        (&self.workflow, &self.task.name)
    }
}

impl fmt::Display for ServedTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` of the workflow `{}`", self.task.name, self.workflow)
    }
}

/// The workloads of documents of one trust domain, with the tasks that they perform.
#[derive(Default)]
struct Members {
    /// By canonical ID.
    by_id: SortedMap<SpiffeId, Vec<Arc<Index<ServedTask>>>>,
    /// By open segment.
    open: SortedMap<OpenId, Vec<Arc<Index<ServedTask>>>>,
}

impl Members {
    fn add(&mut self, actor: &Actor, index: Option<&Arc<Index<ServedTask>>>) {
        for id in &actor.spiffe {
            self.by_id.entry(id.clone()).or_default().extend(index.cloned());
        }
        for open in &actor.open {
            self.open.entry(open.clone()).or_default().extend(index.cloned());
        }
    }

    fn contain(&self, id: &SpiffeId) -> bool {
        self.by_id.contains_key(id) || self.open.keys().any(|open| open.matches(id))
    }

    fn tasks_of(&self, id: &SpiffeId) -> impl Iterator<Item = &Arc<Index<ServedTask>>> {
        let open = self.open.iter().filter(|(open, _)| open.matches(id)).map(|(_, tasks)| tasks);
        self.by_id.get(id).into_iter().chain(open).flatten()
    }
}

/// The workloads of several documents: those of each trust domain, with its aliases, and their tasks.
#[derive(Default)]
pub(crate) struct Workloads {
    members: SortedMap<Arc<Domain>, Members>,
    /// The tasks of each actor of each document.
    tasks: Vec<Arc<Index<ServedTask>>>,
}

/// The tasks of each actor of a document.
pub(crate) type Serve = fn(&Workflow) -> Vec<(&Actor, Index<ServedTask>)>;

impl Workloads {
    pub(crate) fn of<'w>(workflows: impl Iterator<Item = &'w Arc<Workflow>>, serve: Serve) -> Self {
        let mut all = Self::default();
        for workflow in workflows {
            let members = all.members.entry(Arc::clone(&workflow.domain)).or_default();
            workflow.actors.values().for_each(|actor| members.add(actor, None));
            for (actor, index) in serve(workflow) {
                let index = Arc::new(index);
                members.add(actor, Some(&index));
                all.tasks.push(index);
            }
        }
        all
    }

    pub(crate) fn contain(&self, id: &SpiffeId) -> bool {
        self.members.iter().any(|(domain, members)| members.contain(&domain.canonical(id)))
    }

    /// The tasks that this workload performs, as whichever actor.
    pub(crate) fn tasks_of(&self, id: &SpiffeId) -> Vec<&Arc<Index<ServedTask>>> {
        let mut tasks = Vec::new();
        for (domain, members) in &self.members {
            tasks.extend(members.tasks_of(&domain.canonical(id)));
        }
        tasks
    }

    /// The tasks of all workloads.
    pub(crate) fn tasks(&self) -> &[Arc<Index<ServedTask>>] {
        &self.tasks
    }
}

/// The tasks of each actor to which a transition leads: only these are called.
pub(crate) fn serve(workflow: &Workflow) -> Vec<(&Actor, Index<ServedTask>)> {
    served(workflow, |patterns| Index::of(patterns))
}

/// The same, with patterns for any port.
pub(crate) fn serve_at_any_port(workflow: &Workflow) -> Vec<(&Actor, Index<ServedTask>)> {
    served(workflow, |patterns| Index::of_any_port(patterns))
}

type Patterns<'p> = Vec<(&'p RequestPattern, ServedTask)>;

fn served(workflow: &Workflow, index: fn(Patterns<'_>) -> Index<ServedTask>) -> Vec<(&Actor, Index<ServedTask>)> {
    let led_to: SortedMap<&TaskName, &Arc<Task>> = workflow.transitions.iter().map(|t| (&t.to.name, &t.to)).collect();
    let mut patterns: SortedMap<&ActorName, Patterns<'_>> = SortedMap::new();
    for task in led_to.into_values() {
        let served = || ServedTask { workflow: workflow.name.clone(), task: Arc::clone(task) };
        let requests = RequestPattern::listed(&task.requests).iter().map(|pattern| (pattern, served()));
        patterns.entry(&task.performer.name).or_default().extend(requests);
    }
    let actor = |(name, patterns)| Some((workflow.actors.get(name)?.as_ref(), index(patterns)));
    patterns.into_iter().filter_map(actor).collect()
}
