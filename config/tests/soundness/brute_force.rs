//! Every run in every order, as docs/semantics.md defines runs. Tokens have names, as those of gates: a child is named after
//! its parent and its transition, what leaves a join after the arrival at its fork.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::{Document, Split};

/// States that are played for one document; none of the small ones should need more.
const MAX_STATES: usize = 4_000;

#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) never: BTreeSet<usize>,
    pub(crate) may: BTreeSet<usize>,
    pub(crate) dead: BTreeSet<(usize, usize)>,
    pub(crate) standing: BTreeSet<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Token {
    task: usize,
    name: String,
    /// The name of the latest arrival at each task that it descends from.
    passed: BTreeMap<usize, String>,
    visits: BTreeMap<usize, u32>,
}

/// A request that an application has decided to send.
type Request = (Token, usize);

#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    tokens: BTreeSet<Token>,
    requests: BTreeSet<Request>,
    /// Of each join and round: what has arrived, and from where.
    waiting: BTreeMap<(usize, String), BTreeSet<(usize, Token)>>,
    done: BTreeSet<(usize, String)>,
}

struct Game<'d> {
    document: &'d Document,
    forks: BTreeMap<usize, usize>,
    completed: BTreeSet<usize>,
    incomplete: BTreeSet<usize>,
    taken: BTreeSet<(usize, usize)>,
    visited: BTreeSet<usize>,
    standing: BTreeSet<usize>,
}

/// None: the document has more states than are played.
pub(crate) fn play(document: &Document) -> Option<Findings> {
    let joins = (0..document.tasks).filter(|task| document.joins[*task]);
    let mut game = Game {
        document,
        forks: joins.map(|join| (join, fork(document, join))).collect(),
        completed: BTreeSet::new(),
        incomplete: BTreeSet::new(),
        taken: BTreeSet::new(),
        visited: BTreeSet::new(),
        standing: BTreeSet::new(),
    };
    let start = Token {
        task: 0,
        name: "s".into(),
        passed: BTreeMap::from([(0, "s".into())]),
        visits: BTreeMap::from([(0, 1)]),
    };
    let first = State { tokens: BTreeSet::from([start]), ..State::default() };
    let (mut seen, mut open) = (BTreeSet::from([first.clone()]), vec![first]);
    while let Some(state) = open.pop() {
        for next in game.moves(&state) {
            if seen.insert(next.clone()) {
                open.push(next);
            }
        }
        if seen.len() > MAX_STATES {
            return None;
        }
    }
    let dead: BTreeSet<(usize, usize)> =
        document.edges.iter().copied().filter(|edge| !game.taken.contains(edge)).collect();
    let all_dead = |task: &usize| document.leaving(*task).all(|to| dead.contains(&(*task, to)));
    Some(Findings {
        never: game.incomplete.difference(&game.completed).copied().collect(),
        may: game.incomplete.intersection(&game.completed).copied().collect(),
        standing: game.standing.iter().copied().filter(|task| !all_dead(task)).collect(),
        dead: dead.into_iter().filter(|(from, _)| game.visited.contains(from)).collect(),
    })
}

/// The last task through which every path to each source leads.
fn fork(document: &Document, join: usize) -> usize {
    let sources: Vec<usize> = document.edges.iter().filter(|(_, to)| *to == join).map(|(from, _)| *from).collect();
    let before = |task: usize, other: usize| {
        task == other || task == 0 || !(other == 0 || document.reached(0, Some(task))[other])
    };
    let common = (0..document.tasks).filter(|task| sources.iter().all(|source| before(*task, *source)));
    common.max_by_key(|task| (0..document.tasks).filter(|other| before(*other, *task)).count()).unwrap()
}

impl Game<'_> {
    /// All states that one event leads to.
    fn moves(&mut self, state: &State) -> Vec<State> {
        let mut next = Vec::new();
        for token in &state.tokens {
            self.visited.insert(token.task);
            let mut rest = state.clone();
            rest.tokens.remove(token);
            let open: Vec<usize> = self.document.leaving(token.task).filter(|to| self.may_enter(token, *to)).collect();
            if open.is_empty() {
                self.standing.insert(token.task);
                next.push(rest);
                continue;
            }
            for mask in 1_usize..1 << open.len() {
                let right = match self.document.splits[token.task] {
                    Some(Split::All) => mask.count_ones() as usize == open.len(),
                    Some(Split::One) => mask.count_ones() == 1,
                    Some(Split::Any) | None => true,
                };
                if right {
                    let chosen = open.iter().enumerate().filter(|(place, _)| mask & (1 << place) != 0);
                    let mut sent = rest.clone();
                    sent.requests.extend(chosen.map(|(_, to)| (token.clone(), *to)));
                    next.push(sent);
                }
            }
        }
        for (token, to) in &state.requests {
            self.taken.insert((token.task, *to));
            let mut after = state.clone();
            after.requests.remove(&(token.clone(), *to));
            next.extend(self.arrive(after, token, *to));
        }
        if next.is_empty() {
            for ((join, _), arrivals) in &state.waiting {
                let sources: BTreeSet<usize> = arrivals.iter().map(|(source, _)| *source).collect();
                if sources.len() < self.document.edges.iter().filter(|(_, to)| to == join).count() {
                    self.incomplete.insert(*join);
                }
            }
        }
        next
    }

    fn may_enter(&self, token: &Token, to: usize) -> bool {
        let entered = token.visits.get(&to).copied().unwrap_or_default();
        !self.document.on_cycle(to) || entered < self.document.visits[to]
    }

    fn arrive(&mut self, mut state: State, parent: &Token, to: usize) -> Vec<State> {
        let mut token = Token { task: to, name: format!("{}>{to}", parent.name), ..parent.clone() };
        *token.visits.entry(to).or_default() += 1;
        let Some(fork) = self.forks.get(&to) else {
            token.passed.insert(to, token.name.clone());
            self.visit(&mut state, token);
            return vec![state];
        };
        let key = (to, parent.passed[fork].clone());
        if state.done.contains(&key) {
            return vec![state];
        }
        let arrivals = state.waiting.entry(key.clone()).or_default();
        arrivals.insert((parent.task, token));
        let sources: BTreeSet<usize> = arrivals.iter().map(|(source, _)| *source).collect();
        let needed = self.document.edges.iter().filter(|(_, join)| *join == to).count();
        if sources.len() < needed {
            return vec![state.clone()];
        }
        self.completed.insert(to);
        // The holder leaves now, with one arrival of each source, or waits for another one.
        let mut choices: Vec<Vec<Token>> = vec![Vec::new()];
        for source in sources {
            let of_source: Vec<&Token> =
                arrivals.iter().filter(|(from, _)| *from == source).map(|(_, token)| token).collect();
            choices = choices
                .iter()
                .flat_map(|chosen| of_source.iter().map(|one| [chosen.as_slice(), &[(*one).clone()]].concat()))
                .collect();
        }
        let mut after = vec![state.clone()];
        for evidence in choices {
            let mut left = state.clone();
            left.waiting.remove(&key);
            left.done.insert(key.clone());
            let mut whole = evidence[0].clone();
            whole.name = format!("{}@{to}", key.1);
            for (task, count) in evidence.iter().flat_map(|token| &token.visits) {
                let highest = whole.visits.entry(*task).or_default();
                *highest = (*highest).max(*count);
            }
            whole.passed.retain(|task, _| evidence.iter().all(|token| token.passed.contains_key(task)));
            whole.passed.insert(to, whole.name.clone());
            self.visit(&mut left, whole);
            after.push(left);
        }
        after
    }

    fn visit(&mut self, state: &mut State, token: Token) {
        if self.document.leaving(token.task).next().is_some() {
            state.tokens.insert(token);
        }
    }
}
