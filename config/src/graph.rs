//! The graph of a workflow: its tasks, its transitions, and a root before all tasks where instances begin.

use petgraph::algo::dominators::simple_fast;
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

pub(crate) struct Graph {
    digraph: DiGraph<(), ()>,
    root: NodeIndex,
    /// The number of tasks; the root is the node after the last task.
    pub(crate) tasks: usize,
    successors: Vec<Vec<usize>>,
    predecessors: Vec<Vec<usize>>,
}

impl Graph {
    /// The graph of so many tasks, with those that are initial, and the tasks that each transition leaves and enters.
    pub(crate) fn new(
        tasks: usize,
        initial: impl Iterator<Item = usize>,
        transitions: impl Iterator<Item = (usize, usize)>,
    ) -> Self {
        let mut digraph = DiGraph::with_capacity(tasks.saturating_add(1), 0);
        for _ in 0..tasks {
            digraph.add_node(());
        }
        let root = digraph.add_node(());
        for index in initial {
            digraph.add_edge(root, NodeIndex::new(index), ());
        }
        let mut successors = vec![Vec::new(); tasks];
        let mut predecessors = vec![Vec::new(); tasks];
        for (from, to) in transitions {
            digraph.add_edge(NodeIndex::new(from), NodeIndex::new(to), ());
            push(&mut successors, from, to);
            push(&mut predecessors, to, from);
        }
        Self { digraph, root, tasks, successors, predecessors }
    }

    /// The tasks where instances begin.
    pub(crate) fn initial(&self) -> impl Iterator<Item = usize> {
        self.digraph.neighbors(self.root).map(NodeIndex::index)
    }

    /// The tasks to which transitions lead from `task`, in the order of the document.
    pub(crate) fn successors(&self, task: usize) -> &[usize] {
        self.successors.get(task).map_or(&[], Vec::as_slice)
    }

    /// The tasks from which transitions lead to `task`, in the order of the document.
    pub(crate) fn predecessors(&self, task: usize) -> &[usize] {
        self.predecessors.get(task).map_or(&[], Vec::as_slice)
    }

    /// All tasks on paths by `next` from `starts` (these included) that do not enter `without`.
    pub(crate) fn closure<'g>(
        &self,
        starts: impl IntoIterator<Item = usize>,
        without: Option<usize>,
        next: impl Fn(usize) -> &'g [usize],
    ) -> Vec<bool> {
        let mut found = vec![false; self.tasks];
        let mut open: Vec<usize> = starts.into_iter().collect();
        while let Some(task) = open.pop() {
            if Some(task) == without {
                continue;
            }
            if let Some(seen @ false) = found.get_mut(task) {
                *seen = true;
                open.extend_from_slice(next(task));
            }
        }
        found
    }

    /// The strongly connected components, each after all that lead to it.
    pub(crate) fn order(&self) -> Vec<Vec<usize>> {
        // Kosaraju's algorithm, because its implementation does not recurse. It gives the last one first.
        let found = kosaraju_scc(&self.digraph).into_iter().rev();
        let tasks =
            found.map(|component| component.into_iter().map(NodeIndex::index).filter(|task| *task < self.tasks));
        tasks.map(Iterator::collect).filter(|component: &Vec<usize>| !component.is_empty()).collect()
    }

    /// The strongly connected component of each task that lies on a cycle; none for the others.
    pub(crate) fn components(&self) -> Vec<Option<usize>> {
        let mut components = vec![None; self.tasks];
        for (number, component) in self.order().into_iter().enumerate() {
            for &task in &component {
                let cyclic = component.len() > 1 || self.successors(task).contains(&task);
                if let (true, Some(slot)) = (cyclic, components.get_mut(task)) {
                    *slot = Some(number);
                }
            }
        }
        components
    }

    /// The immediate dominator of each reachable task, and its depth in the tree of dominators.
    pub(crate) fn dominators(&self) -> Dominators {
        let found = simple_fast(&self.digraph, self.root);
        let nodes = self.tasks.saturating_add(1);
        let above: Vec<Option<usize>> =
            (0..nodes).map(|task| found.immediate_dominator(NodeIndex::new(task)).map(NodeIndex::index)).collect();
        let mut depths: Vec<Option<usize>> = vec![None; nodes];
        if let Some(depth) = depths.get_mut(self.root.index()) {
            *depth = Some(0);
        }
        for task in 0..nodes {
            let mut path = Vec::new();
            let mut at = Some(task);
            while let Some(node) = at.filter(|node| depths.get(*node).copied().flatten().is_none()) {
                path.push(node);
                at = above.get(node).copied().flatten();
            }
            let Some(mut depth) = at.and_then(|node| depths.get(node).copied().flatten()) else { continue };
            for node in path.into_iter().rev() {
                depth = depth.saturating_add(1);
                if let Some(slot) = depths.get_mut(node) {
                    *slot = Some(depth);
                }
            }
        }
        Dominators { above, depths, root: self.root.index() }
    }
}

fn push(lists: &mut [Vec<usize>], at: usize, value: usize) {
    if let Some(list) = lists.get_mut(at) {
        list.push(value);
    }
}

/// The tree of dominators.
pub(crate) struct Dominators {
    above: Vec<Option<usize>>,
    /// None where a task is unreachable.
    depths: Vec<Option<usize>>,
    root: usize,
}

impl Dominators {
    /// The nearest task through which every path to each of `tasks` leads; none where there is no such task. It may be
    /// one of them.
    pub(crate) fn nearest_common(&self, tasks: &[usize]) -> Option<usize> {
        let mut tasks = tasks.iter().copied();
        let first = tasks.next()?;
        let common = tasks.try_fold(first, |a, b| self.common(a, b))?;
        (common != self.root).then_some(common)
    }

    /// Whether every path to `task` leads through `before`. Unreachable tasks count as ordered.
    pub(crate) fn dominates(&self, before: usize, task: usize) -> bool {
        match (self.depth(before), self.depth(task)) {
            (Some(_), Some(_)) => self.common(before, task) == Some(before),
            _ => true,
        }
    }

    /// The tasks after `first` through which every path to `last` leads, `last` included; none where not every path leads
    /// through `first`.
    pub(crate) fn between(&self, first: usize, last: usize) -> Option<Vec<usize>> {
        let (mut between, mut at) = (Vec::new(), last);
        while at != first {
            between.push(at);
            at = self.above(at)?;
        }
        Some(between)
    }

    fn common(&self, mut a: usize, mut b: usize) -> Option<usize> {
        while a != b {
            let (x, y) = (self.depth(a)?, self.depth(b)?);
            if x >= y {
                a = self.above(a)?;
            }
            if y >= x {
                b = self.above(b)?;
            }
        }
        Some(a)
    }

    fn depth(&self, task: usize) -> Option<usize> {
        self.depths.get(task).copied().flatten()
    }

    fn above(&self, task: usize) -> Option<usize> {
        self.above.get(task).copied().flatten()
    }
}
