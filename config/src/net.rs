//! A checked workflow as a graph: its tasks by number, in the order of their names.

use std::collections::BTreeMap;

use crate::gather::Gather as _;
use crate::graph::Graph;
use crate::name::TaskName;
use crate::workflow::{Join, JoinKind, Task, Transition, Workflow};

pub(crate) struct Net<'w> {
    pub(crate) workflow: &'w Workflow,
    pub(crate) tasks: Vec<&'w Task>,
    pub(crate) graph: Graph,
    leaving: Vec<Vec<&'w Transition>>,
    numbers: BTreeMap<&'w TaskName, usize>,
}

impl<'w> Net<'w> {
    pub(crate) fn of(workflow: &'w Workflow) -> Self {
        // After the tasks the joins of several tasks: in a run, these are places, too.
        let several = workflow.joins.values().filter_map(|join| join.parts.first()).map(|part| &part.to);
        let tasks: Vec<&Task> = workflow.tasks.values().chain(several).map(AsRef::as_ref).collect();
        let numbers: BTreeMap<&TaskName, usize> = tasks.iter().enumerate().map(|(at, task)| (&task.name, at)).gather();
        let initial = tasks.iter().enumerate().filter(|(_, task)| task.initial).map(|(at, _)| at);
        let parts = || workflow.joins.values().flat_map(|join| &join.parts);
        let ends = workflow.transitions.iter().chain(parts());
        let ends = ends.filter_map(|t| Some((*numbers.get(&t.from.name)?, *numbers.get(&t.to.name)?)));
        let graph = Graph::new(tasks.len(), initial, ends);
        let mut leaving = vec![Vec::new(); tasks.len()];
        for transition in workflow.transitions.iter().chain(parts()) {
            if let Some(leaving) = numbers.get(&transition.from.name).and_then(|from| leaving.get_mut(*from)) {
                leaving.push(transition.as_ref());
            }
        }
        Self { workflow, tasks, graph, leaving, numbers }
    }

    /// The transitions that leave a task.
    pub(crate) fn leaving(&self, task: usize) -> &[&'w Transition] {
        self.leaving.get(task).map_or(&[], Vec::as_slice)
    }

    /// The join of several tasks to which this is a way from one of them.
    pub(crate) fn several(&self, part: &Transition) -> Option<usize> {
        part.to.name.is_of_several().then(|| self.number(&part.to.name)).flatten()
    }

    pub(crate) fn number(&self, task: &TaskName) -> Option<usize> {
        self.numbers.get(task).copied()
    }

    /// The join that requires evidence of every incoming transition, if the task is one.
    pub(crate) fn join(&self, task: usize) -> Option<&'w Join> {
        let task = self.tasks.get(task).filter(|task| task.join == JoinKind::All)?;
        self.workflow.joins.get(&task.name).map(AsRef::as_ref)
    }
}
