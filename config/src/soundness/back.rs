//! Ways back: transitions by which a branch leaves the round of a join, and comes to its fork again, where another round begins.
//! A join that only these leave incomplete is meant so: the work is sent back, and the branches are taken once more.

use super::net::PetriNet;
use crate::net::Net;
use crate::workflow::Transition;

impl PetriNet {
    /// Closes the ways back of a join. Returns these transitions.
    pub(super) fn close_ways_back<'w>(&mut self, graph: &Net<'w>, join: usize) -> Vec<&'w Transition> {
        let fork = graph.join(join).and_then(|of| graph.number(&of.fork));
        let (Some(fork), Ok(carried)) = (fork, u32::try_from(join)) else { return Vec::new() };
        let is_inside = |node: usize| self.tasks.get(node).is_some_and(|node| node.carries.contains(&carried));
        let back = lead_only_to(graph, fork);
        let leads_back = |to: usize| to != join && !is_inside(to) && back.get(to) == Some(&true);
        let inside = (0..self.tasks.len()).filter(|task| is_inside(*task) && *task != fork);
        let steps = inside.flat_map(|task| self.steps_of(task).map(move |(step, to)| (task, step, to)));
        let back: Vec<(usize, usize)> =
            steps.filter(|(_, _, to)| leads_back(*to)).map(|(task, step, _)| (task, step)).collect();
        for (task, step) in &back {
            let closed = self.tasks.get_mut(*task).and_then(|node| node.steps.get_mut(*step));
            closed.into_iter().for_each(|step| step.is_closed = true);
        }
        back.into_iter().filter_map(|(task, step)| graph.leaving(task).get(step).copied()).collect()
    }

    /// The steps of a task: their numbers, and the tasks to which they lead.
    fn steps_of(&self, task: usize) -> impl Iterator<Item = (usize, usize)> {
        self.tasks.get(task).into_iter().flat_map(|node| node.steps.iter().map(|step| step.to).enumerate())
    }
}

/// The tasks from which each path leads to the fork, and none ends before; the fork is one of them.
fn lead_only_to(graph: &Net<'_>, fork: usize) -> Vec<bool> {
    let graph = &graph.graph;
    let ends = (0..graph.tasks).filter(|task| graph.successors(*task).is_empty());
    let end = graph.closure(ends, Some(fork), |at| graph.predecessors(at));
    let back = graph.closure([fork], None, |at| graph.predecessors(at));
    back.into_iter().zip(end).map(|(back, ends)| back && !ends).collect()
}
