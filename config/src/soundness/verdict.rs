//! What the runs of a workflow show.

use std::collections::BTreeMap;

use crate::name::TaskName;
use crate::net::Net;
use crate::workflow::{Assurance, Transition, Workflow};

use super::explore::Exploration;
use super::net::PetriNet;
use super::run::Run;

/// What the runs of a workflow show.
#[derive(Debug, Clone, PartialEq)]
pub struct Soundness<'w> {
    /// The joins, but for those that no run reaches.
    pub joins: BTreeMap<&'w TaskName, Completes<'w>>,
    /// Of the joins that some runs leave incomplete, those that are so only where these transitions lead back to the fork, where
    /// another round begins.
    pub sent_back: BTreeMap<&'w TaskName, Vec<&'w Transition>>,
    /// The transitions that no run takes although their task is reached, each with the shortest run to that task.
    pub dead: Vec<(&'w Transition, Run<'w>)>,
    /// The tasks at which an instance can be left standing, each with the shortest run to there.
    pub standing: Vec<(&'w TaskName, Run<'w>)>,
    /// The transitions of which it is unknown whether a run takes them.
    pub unknown: Vec<&'w Transition>,
}

/// Whether a join completes.
#[derive(Debug, Clone, PartialEq)]
pub enum Completes<'w> {
    /// In every run that reaches it.
    Always,
    /// Only in some of them: this is a run in which it does not.
    May(Incomplete<'w>),
    /// In no run, such as this one.
    Never(Incomplete<'w>),
    /// There are more runs than are explored.
    Unknown,
}

/// A run at whose end a join still waits.
#[derive(Debug, Clone, PartialEq)]
pub struct Incomplete<'w> {
    /// The tasks before the join from which the run has reached it.
    pub arrived: Vec<&'w TaskName>,
    /// Those from which it never will.
    pub missing: Vec<&'w TaskName>,
    /// The shortest such run.
    pub run: Run<'w>,
}

impl Completes<'_> {
    /// The word for it: `always`, `may`, `never`, `unknown`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::May(_) => "may",
            Self::Never(_) => "never",
            Self::Unknown => "unknown",
        }
    }
}

impl<'w> Soundness<'w> {
    /// What the runs of a workflow show, of at most so many markings ([`crate::bounds::MAX_MARKINGS`] for one input); those that
    /// were explored are subtracted. None at level `identity`, where nothing is counted and no join is enforced.
    pub fn of(workflow: &'w Workflow, markings: &mut usize) -> Option<Self> {
        if workflow.assurance == Assurance::Identity {
            return None;
        }
        let graph = Net::of(workflow);
        let net = PetriNet::of(&graph);
        let found = Exploration::of(&net, markings);
        let name = |task: usize| graph.tasks.get(task).map(|task| &task.name);
        let join = |task: usize| Some((name(task)?, completes(&graph, &net, &found, task)?));
        let joins = net.tasks.iter().enumerate().filter(|(_, node)| node.join.is_some()).map(|(task, _)| task);
        let mut this = Self {
            joins: joins.filter_map(join).collect(),
            sent_back: BTreeMap::new(),
            dead: Vec::new(),
            standing: Vec::new(),
            unknown: Vec::new(),
        };
        for (task, end) in found.visited.iter().enumerate() {
            let taken = net.leaving(task).zip(graph.leaving(task));
            for (number, transition) in taken.filter(|(_, transition)| !transition.to.name.is_of_several()) {
                match (found.taken.get(number), end) {
                    (Some(false), _) if !found.is_whole => this.unknown.push(transition),
                    (Some(false), Some(end)) => this.dead.extend(found.run(&graph, *end).map(|run| (*transition, run))),
                    _ => {}
                }
            }
        }
        for (task, end) in &found.standing {
            let is_dead = |transition: &&Transition| this.dead.iter().any(|(dead, _)| dead == transition);
            if !graph.leaving(*task).iter().all(is_dead) {
                this.standing.extend(name(*task).zip(found.run(&graph, *end)));
            }
        }
        this.ask_without_ways_back(&graph, markings);
        Some(this)
    }

    /// Explores the runs that send nothing back, for each join that some runs leave incomplete.
    fn ask_without_ways_back(&mut self, graph: &Net<'w>, markings: &mut usize) {
        for (join, completes) in self.joins.iter_mut().filter(|(_, completes)| matches!(completes, Completes::May(_))) {
            let mut net = PetriNet::of(graph);
            let Some(number) = graph.number(join) else { continue };
            let back = net.close_ways_back(graph, number);
            if back.is_empty() {
                continue;
            }
            match self::completes(graph, &net, &Exploration::of(&net, markings), number) {
                Some(Completes::Always) => drop(self.sent_back.insert(join, back)),
                Some(without @ Completes::May(_)) => *completes = without,
                _ => {}
            }
        }
    }
}

/// Whether a join completes in the runs that were explored. None: no run reaches it.
fn completes<'w>(graph: &Net<'w>, net: &PetriNet, found: &Exploration, task: usize) -> Option<Completes<'w>> {
    let name = |task: usize| graph.tasks.get(task).map(|task| &task.name);
    let Some(seen) = found.joins.get(&task) else {
        // It is known that no run reaches it, or nothing is known.
        return (!found.is_whole).then_some(Completes::Unknown);
    };
    let incomplete = seen.incomplete.map(|(end, arrived)| {
        let sources = |is_there: bool| {
            let sources = net.sources(task).filter(|(_, bit)| (arrived & bit != 0) == is_there);
            sources.filter_map(|(source, _)| name(source)).collect()
        };
        Some(Incomplete { arrived: sources(true), missing: sources(false), run: found.run(graph, end)? })
    });
    Some(match (seen.completed, incomplete.flatten()) {
        (true, Some(run)) => Completes::May(run),
        (false, Some(run)) if found.is_whole => Completes::Never(run),
        (true, None) if found.is_whole => Completes::Always,
        (_, _) => Completes::Unknown,
    })
}
