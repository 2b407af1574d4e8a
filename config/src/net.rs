//! A checked workflow as a graph: its tasks by number, in the order of their names.

use crate::graph::Graph;
use crate::name::TaskName;
use crate::sorted::SortedMap;
use crate::workflow::{Join, JoinKind, Task, Transition, Workflow};

pub(crate) struct Net<'w> {
    pub(crate) workflow: &'w Workflow,
    pub(crate) tasks: Vec<&'w Task>,
    pub(crate) graph: Graph,
    leaving: Vec<Vec<&'w Transition>>,
    numbers: SortedMap<&'w TaskName, usize>,
}

impl<'w> Net<'w> {
    pub(crate) fn of(workflow: &'w Workflow) -> Self {
        let tasks: Vec<&Task> = workflow.tasks.values().map(AsRef::as_ref).collect();
        let numbers: SortedMap<&TaskName, usize> =
            tasks.iter().enumerate().map(|(at, task)| (&task.name, at)).collect();
        let initial = tasks.iter().enumerate().filter(|(_, task)| task.initial).map(|(at, _)| at);
        let ends = workflow.transitions.iter();
        let ends = ends.filter_map(|t| Some((*numbers.get(&t.from.name)?, *numbers.get(&t.to.name)?)));
        let graph = Graph::new(tasks.len(), initial, ends);
        let mut leaving = vec![Vec::new(); tasks.len()];
        for transition in &workflow.transitions {
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

    pub(crate) fn number(&self, task: &TaskName) -> Option<usize> {
        self.numbers.get(task).copied()
    }

    /// The join that requires evidence of every incoming transition, if the task is one.
    pub(crate) fn join(&self, task: usize) -> Option<&'w Join> {
        let task = self.tasks.get(task).filter(|task| task.join == JoinKind::All)?;
        self.workflow.joins.get(&task.name).map(AsRef::as_ref)
    }
}
