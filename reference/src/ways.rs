//! Ways through a workflow, found by walking all of them.

use std::collections::BTreeSet;

use std::sync::Arc;

use stepgate_config::name::TaskName;
use stepgate_config::workflow::{Task, Transition, Workflow};

/// All tasks that can be reached from these, including themselves, if one task is taken away.
pub(super) fn from<'a>(
    workflow: &'a Workflow,
    tasks: &[&'a TaskName],
    without: Option<&TaskName>,
) -> BTreeSet<&'a TaskName> {
    let (mut found, mut open) = (BTreeSet::new(), tasks.to_vec());
    while let Some(at) = open.pop() {
        if Some(at) != without && found.insert(at) {
            open.extend(workflow.transitions.iter().filter(|t| t.from.name == *at).map(|t| &t.to.name));
            // From several tasks by way of all of them together, a place of its own.
            open.extend(together(workflow).filter(|t| leaves(t, at)).map(|t| &t.from.name));
        }
    }
    found
}

/// The transitions that leave several tasks together.
pub(super) fn together(workflow: &Workflow) -> impl Iterator<Item = &Arc<Transition>> {
    workflow.transitions.iter().filter(|t| t.sources().len() > 1)
}

/// Whether a transition leaves the task, alone or together with others.
pub(super) fn leaves(transition: &Transition, task: &TaskName) -> bool {
    transition.sources().iter().any(|source| source.name == *task)
}

/// What leaves exactly these several tasks together, as one place.
pub(super) fn place<'a>(workflow: &'a Workflow, tasks: &BTreeSet<&TaskName>) -> Option<&'a Arc<Task>> {
    let names = |t: &Transition| t.sources().iter().all(|source| tasks.contains(&source.name));
    together(workflow).find(|t| names(t) && t.sources().len() == tasks.len()).map(|t| &t.from)
}

/// The tasks from which transitions lead to a task; of several tasks together, these.
pub(super) fn sources<'a>(workflow: &'a Workflow, task: &TaskName) -> Vec<&'a TaskName> {
    if let Some(transition) = together(workflow).find(|t| t.from.name == *task) {
        return transition.sources().iter().map(|source| &source.name).collect();
    }
    workflow.transitions.iter().filter(|t| t.to.name == *task).map(|t| &t.from.name).collect()
}

/// The nearest task through which every way from an initial task to a source of the join leads.
pub(super) fn fork(workflow: &Workflow, join: &TaskName) -> Option<TaskName> {
    let initial: Vec<&TaskName> = workflow.tasks.values().filter(|task| task.initial).map(|task| &task.name).collect();
    // If it is taken away, there is no way.
    let lies_before = |one: &TaskName, task: &TaskName| !from(workflow, &initial, Some(one)).contains(task);
    let sources = sources(workflow, join);
    let places = workflow.tasks.keys().chain(together(workflow).map(|t| &t.from.name));
    let common: Vec<&TaskName> = places.filter(|one| sources.iter().all(|source| lies_before(one, source))).collect();
    common.iter().find(|one| common.iter().all(|other| lies_before(other, one))).map(|one| (*one).clone())
}
