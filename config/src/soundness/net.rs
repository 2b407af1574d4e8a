//! The net of a workflow: what a token needs to know of each task.

use crate::net::Net;
use crate::workflow::Split;

/// A workflow as a Petri net, its tasks by number.
pub(super) struct PetriNet {
    pub(super) tasks: Vec<Node>,
    /// The initial tasks.
    pub(super) starts: Vec<usize>,
    /// The number of transitions.
    pub(super) transitions: usize,
}

/// A task.
pub(super) struct Node {
    pub(super) split: Split,
    /// Of a join: a bit for each source.
    pub(super) join: Option<u64>,
    /// Its transitions, in the order of the document.
    pub(super) steps: Vec<Step>,
    /// Whether each is a transition of the document with a number of its own: this is that of the first.
    first: usize,
    /// The cycle on which it lies: its number, how many tasks it has, this task's place among them, and its bound.
    pub(super) cycle: Option<Cycle>,
    /// The joins whose rounds its tokens name, and those of which an arrival begins a round.
    pub(super) carries: Vec<u32>,
    pub(super) forks: Vec<u32>,
    /// Its place in an order in which each task comes after those that lead to it, but for cycles.
    pub(super) rank: usize,
}

/// A transition from a task.
pub(super) struct Step {
    pub(super) to: usize,
    /// Its bit among the sources of a join.
    pub(super) bit: u64,
    /// Whether no run is to take it: a way back, of which it is asked whether the join completes without it.
    pub(super) is_closed: bool,
}

/// A task's place on a cycle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cycle {
    pub(super) number: usize,
    pub(super) size: usize,
    pub(super) place: usize,
    pub(super) bound: u32,
}

impl PetriNet {
    pub(super) fn of(graph: &Net<'_>) -> Self {
        let order = graph.graph.order();
        let cyclic = graph.graph.components();
        let mut ranks = vec![0; graph.tasks.len()];
        let mut cycles: Vec<Option<Cycle>> = vec![None; graph.tasks.len()];
        for (number, component) in order.iter().enumerate() {
            for (place, &task) in component.iter().enumerate() {
                if let Some(rank) = ranks.get_mut(task) {
                    *rank = number;
                }
                let bound = graph.tasks.get(task).and_then(|task| task.max_visits).unwrap_or(u32::MAX);
                if let (Some(Some(_)), Some(cycle)) = (cyclic.get(task), cycles.get_mut(task)) {
                    *cycle = Some(Cycle { number, size: component.len(), place, bound });
                }
            }
        }
        let join_number = |name| graph.number(name).and_then(|join| u32::try_from(join).ok());
        let (mut tasks, mut first) = (Vec::new(), 0_usize);
        for (number, task) in graph.tasks.iter().enumerate() {
            let step = |to: usize| Step { to, bit: bit(graph, number, to), is_closed: false };
            let steps: Vec<Step> =
                graph.leaving(number).iter().filter_map(|t| graph.number(&t.to.name)).map(step).collect();
            let count = steps.len();
            tasks.push(Node {
                split: task.split.unwrap_or(Split::Any),
                join: graph.join(number).map(|_| {
                    graph.graph.predecessors(number).iter().fold(0, |all, source| all | bit(graph, *source, number))
                }),
                steps,
                first,
                cycle: cycles.get(number).copied().flatten(),
                carries: task.carries.iter().filter_map(join_number).collect(),
                forks: task.forks.iter().filter_map(join_number).collect(),
                rank: ranks.get(number).copied().unwrap_or_default(),
            });
            first = first.saturating_add(count);
        }
        let starts = graph.tasks.iter().enumerate().filter(|(_, task)| task.initial).map(|(at, _)| at).collect();
        Self { tasks, starts, transitions: first }
    }

    pub(super) fn node(&self, task: usize) -> Option<&Node> {
        self.tasks.get(task)
    }

    /// The numbers of the transitions that leave a task, in the order of its steps.
    pub(super) fn leaving(&self, task: usize) -> impl Iterator<Item = usize> + use<> {
        let node = self.node(task);
        let (first, count) = node.map_or((0, 0), |node| (node.first, node.steps.len()));
        first..first.saturating_add(count)
    }

    /// The sources of a join, each with its bit.
    pub(super) fn sources(&self, join: usize) -> impl Iterator<Item = (usize, u64)> {
        let leading = move |node: &Node| node.steps.iter().find(|step| step.to == join).map(|step| step.bit);
        self.tasks.iter().enumerate().filter_map(move |(source, node)| Some((source, leading(node)?)))
    }
}

/// The bit of a source of a join; a join has at most 64 sources.
fn bit(graph: &Net<'_>, source: usize, join: usize) -> u64 {
    let place = graph.graph.predecessors(join).iter().position(|known| *known == source);
    place.and_then(|place| u32::try_from(place).ok()).and_then(|place| 1_u64.checked_shl(place)).unwrap_or_default()
}
