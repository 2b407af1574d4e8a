//! Ways through a workflow, found by walking all of them.

use std::collections::BTreeSet;

use stepgate_config::name::TaskName;
use stepgate_config::workflow::Workflow;

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
        }
    }
    found
}

/// The tasks from which transitions lead to a task.
pub(super) fn sources<'a>(workflow: &'a Workflow, task: &TaskName) -> Vec<&'a TaskName> {
    workflow.transitions.iter().filter(|t| t.to.name == *task).map(|t| &t.from.name).collect()
}

/// The nearest task through which every way from an initial task to a source of the join leads.
pub(super) fn fork(workflow: &Workflow, join: &TaskName) -> Option<TaskName> {
    let initial: Vec<&TaskName> = workflow.tasks.values().filter(|task| task.initial).map(|task| &task.name).collect();
    // If it is taken away, there is no way.
    let lies_before = |one: &TaskName, task: &TaskName| !from(workflow, &initial, Some(one)).contains(task);
    let sources = sources(workflow, join);
    let common: Vec<&TaskName> =
        workflow.tasks.keys().filter(|one| sources.iter().all(|source| lies_before(one, source))).collect();
    common.iter().find(|one| common.iter().all(|other| lies_before(other, one))).map(|one| (*one).clone())
}
