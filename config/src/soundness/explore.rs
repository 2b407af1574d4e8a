//! The exploration: breadth first, so that the first run to a marking is a shortest one.
//!
//! Of each marking only one token is moved, in all ways in which it can leave its task. The others would only do the same
//! in another order: a token takes away nothing that another needs. A join completes once nothing else can reach it in its
//! round, and then with each choice of evidence. So each run is explored in one order, up to its end.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::rc::Rc;

use super::marking::{Marking, Token};
use super::net::{Node, PetriNet};
use super::run::Run;
use crate::net::Net;
use crate::workflow::Split;

/// Ways out of a task of which all selections are explored. Of more, each alone and all together.
const MAX_SELECTED: usize = 12;

/// Combinations of one arrival of each source, if they differ in their visits, with which a join is left.
const MAX_EVIDENCE: usize = 1 << 12;
/// Markings that are explored in any case. Beyond, only questions about joins and transitions are worth the time: of tasks at
/// which an instance can be left standing, not each has to be found.
const ENOUGH: usize = 1 << 14;

/// The result.
pub(super) struct Exploration {
    /// Whether all runs were explored.
    pub(super) is_whole: bool,
    /// The joins that were reached.
    pub(super) joins: BTreeMap<usize, SeenJoin>,
    /// Whether a run takes each transition.
    pub(super) taken: Vec<bool>,
    /// Of each task, the end of the first run that reaches it, or completes it if it is a join.
    pub(super) visited: Vec<Option<usize>>,
    /// The tasks that a run reaches and cannot leave, and the end of the first such run.
    pub(super) standing: BTreeMap<usize, usize>,
    moves: Vec<Move>,
}

/// A join that a run has reached.
#[derive(Debug, Default)]
pub(super) struct SeenJoin {
    /// Whether a run completes it.
    pub(super) completed: bool,
    /// The end of the first run in which it still waits, and the sources from which it was reached.
    pub(super) incomplete: Option<(usize, u64)>,
}

/// A move by which a marking was reached: the one before, the task that was left, and the selected steps.
struct Move {
    before: Option<usize>,
    task: usize,
    selected: Rc<[usize]>,
}

struct Search<'s> {
    net: &'s PetriNet,
    left: &'s mut usize,
    seen: HashSet<Rc<[Token]>>,
    open: VecDeque<(Rc<[Token]>, usize)>,
    found: Exploration,
    /// Transitions that no run has taken so far, and joins that none has completed or left incomplete.
    unanswered: usize,
}

impl Exploration {
    /// Explores at most so many markings; those that were explored are subtracted.
    pub(super) fn of(net: &PetriNet, markings: &mut usize) -> Self {
        let found = Self {
            is_whole: true,
            joins: BTreeMap::new(),
            taken: vec![false; net.transitions],
            visited: vec![None; net.tasks.len()],
            standing: BTreeMap::new(),
            moves: Vec::new(),
        };
        let joins = net.tasks.iter().filter(|node| node.join.is_some()).count();
        let unanswered = net.transitions.saturating_add(joins.saturating_mul(2));
        let mut search = Search { net, left: markings, seen: HashSet::new(), open: VecDeque::new(), found, unanswered };
        for &start in &net.starts {
            search.add(Token::start(net, start), None, start, &Rc::from([]));
        }
        while let Some((tokens, at)) = search.open.pop_front() {
            if search.unanswered == 0 && search.found.moves.len() > ENOUGH {
                search.found.is_whole = false;
                break;
            }
            search.expand(&Marking { tokens: tokens.to_vec() }, at);
        }
        search.found
    }

    /// The run to the marking that this move has reached.
    pub(super) fn run<'w>(&self, graph: &Net<'w>, end: usize) -> Option<Run<'w>> {
        let (mut taken, mut at) = (Vec::new(), self.moves.get(end)?);
        while let Some(before) = at.before {
            let leaving = graph.leaving(at.task);
            taken.extend(at.selected.iter().rev().filter_map(|step| leaving.get(*step)).copied());
            at = self.moves.get(before)?;
        }
        taken.reverse();
        Some(Run { start: &graph.tasks.get(at.task)?.name, taken })
    }
}

impl Search<'_> {
    /// Adds a marking that a move leads to, unless it is known.
    fn add(&mut self, mut marking: Marking, before: Option<usize>, task: usize, selected: &Rc<[usize]>) {
        if marking.tokens.is_empty() {
            return;
        }
        marking.sort();
        let Some(left) = self.left.checked_sub(marking.weight()) else {
            (*self.left, self.found.is_whole) = (0, false);
            return self.open.clear();
        };
        *self.left = left;
        let tokens: Rc<[Token]> = marking.tokens.into();
        if self.seen.insert(Rc::clone(&tokens)) {
            self.open.push_back((tokens, self.found.moves.len()));
            self.found.moves.push(Move { before, task, selected: Rc::clone(selected) });
        }
    }

    /// Completes a join or moves one token, in all ways; where neither is possible, the run has ended.
    fn expand(&mut self, marking: &Marking, at: usize) {
        if let Some(join) = marking.completed(self.net) {
            self.complete(marking, join, at);
        } else if let Some(place) = marking.next(self.net) {
            self.leave(marking, place, at);
        } else {
            for (task, arrived) in marking.tokens.iter().filter_map(|token| Some((token.task, token.arrived()?))) {
                let seen = self.found.joins.entry(task).or_default();
                self.unanswered = self.unanswered.saturating_sub(usize::from(seen.incomplete.is_none()));
                seen.incomplete.get_or_insert((at, arrived));
            }
        }
    }

    fn complete(&mut self, marking: &Marking, join: usize, at: usize) {
        let Some(task) = marking.tokens.get(join).map(|token| token.task) else { return };
        let Some(node) = self.net.node(task) else { return };
        let seen = self.found.joins.entry(task).or_default();
        self.unanswered = self.unanswered.saturating_sub(usize::from(!seen.completed));
        seen.completed = true;
        let Some(leaving) = marking.leaving(join, MAX_EVIDENCE) else {
            self.found.is_whole = false;
            return;
        };
        for token in leaving {
            let (mut next, mut apart) = (marking.without(join), Vec::new());
            next.visit(node, token, &mut apart);
            apart.push(next);
            apart.into_iter().for_each(|next| self.add(next, Some(at), task, &Rc::from([])));
        }
    }

    fn leave(&mut self, marking: &Marking, place: usize, at: usize) {
        let Some(token) = marking.tokens.get(place) else { return };
        let Some(node) = self.net.node(token.task) else { return };
        *self.left = self.left.saturating_sub(node.steps.len() / 16);
        if let Some(visited) = self.found.visited.get_mut(token.task) {
            visited.get_or_insert(at);
        }
        let arrivals = node.steps.iter().enumerate().filter(|(_, step)| !step.is_closed);
        let arrivals: Vec<(usize, Token)> =
            arrivals.filter_map(|(number, step)| Some((number, token.enter(self.net, step.to, step.bit)?))).collect();
        for number in arrivals.iter().filter_map(|(step, _)| self.net.leaving(token.task).nth(*step)) {
            if let Some(taken) = self.found.taken.get_mut(number) {
                self.unanswered = self.unanswered.saturating_sub(usize::from(!*taken));
                *taken = true;
            }
        }
        if arrivals.is_empty() {
            self.found.standing.entry(token.task).or_insert(at);
            return self.add(marking.without(place), Some(at), token.task, &Rc::from([]));
        }
        for selected in self.selections(node, &arrivals) {
            // The token stays until all have arrived: its rounds are in use.
            let (mut next, mut apart) = (marking.clone(), Vec::new());
            for (_, arrival) in arrivals.iter().filter(|(step, _)| selected.contains(step)) {
                next.arrive(self.net, arrival.clone(), &mut apart);
            }
            apart.push(next.without(place));
            let selected: Rc<[usize]> = selected.into();
            apart.into_iter().for_each(|next| self.add(next, Some(at), token.task, &selected));
        }
    }

    /// The selections of steps with which the token leaves its task. Of steps whose tokens can meet no other, each is a
    /// selection of its own: what else is taken makes no difference to it.
    fn selections(&mut self, node: &Node, arrivals: &[(usize, Token)]) -> Vec<Vec<usize>> {
        let (apart, meeting): (Vec<_>, Vec<_>) = arrivals.iter().partition(|(_, token)| token.is_apart());
        let meeting: Vec<usize> = meeting.into_iter().map(|(step, _)| *step).collect();
        let mut selections: Vec<Vec<usize>> = apart.into_iter().map(|(step, _)| vec![*step]).collect();
        let each = meeting.iter().map(|step| vec![*step]);
        match node.split {
            Split::All if selections.is_empty() => selections.push(meeting),
            Split::All => selections = with_all(selections, &meeting),
            Split::One => selections.extend(each),
            Split::Any if meeting.len() <= MAX_SELECTED => {
                let mut subsets = vec![Vec::new()];
                for step in meeting {
                    let with: Vec<Vec<usize>> =
                        subsets.iter().map(|subset| [subset.as_slice(), &[step]].concat()).collect();
                    subsets.extend(with);
                }
                selections.extend(subsets.into_iter().filter(|subset| !subset.is_empty()));
            }
            Split::Any => {
                self.found.is_whole = false;
                selections.extend(each);
                selections.push(meeting);
            }
        }
        selections
    }
}

/// With `all`, whatever can meet others goes along with each.
fn with_all(apart: Vec<Vec<usize>>, meeting: &[usize]) -> Vec<Vec<usize>> {
    apart.into_iter().map(|step| [meeting, &step].concat()).collect()
}
