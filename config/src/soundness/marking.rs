//! Markings: tokens that may still meet in a join. Tokens that cannot are explored apart.

use super::net::{Node, PetriNet};

/// A token. Its order is only there to write equal markings in one way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Token {
    pub(super) task: usize,
    /// At a join that has not completed: the sources from which it was reached in this round, as bits, each with the visits of
    /// that arrival. Empty: the task can be left.
    evidence: Vec<(u64, Vec<u32>)>,
    /// How often its line of descent has entered each task of the cycle; empty off cycles.
    visits: Vec<u32>,
    /// The joins ahead, each with the round in which this token counts.
    rounds: Vec<(u32, u32)>,
}

/// Tokens whose rounds are all of one marking.
#[derive(Debug, Clone, Default)]
pub(super) struct Marking {
    pub(super) tokens: Vec<Token>,
}

impl Token {
    /// The marking of an instance that has begun in this task.
    pub(super) fn start(net: &PetriNet, task: usize) -> Marking {
        let mut apart = Vec::new();
        if let Some(node) = net.node(task) {
            let visits = count(node, None).unwrap_or_default();
            let token = Self { task, evidence: Vec::new(), visits, rounds: Vec::new() };
            Marking::default().visit(node, token, &mut apart);
        }
        apart.pop().unwrap_or_default()
    }

    /// The arrival at a next task, from which it is the source with this bit; none past its bound.
    pub(super) fn enter(&self, net: &PetriNet, to: usize, bit: u64) -> Option<Self> {
        let (own, node) = (net.node(self.task)?, net.node(to)?);
        let same_cycle = own.cycle.zip(node.cycle).is_some_and(|(own, next)| own.number == next.number);
        let visits = count(node, same_cycle.then_some(self.visits.as_slice()))?;
        let rounds = self.rounds.iter().filter(|(join, _)| node.carries.contains(join)).copied().collect();
        match node.join {
            Some(_) => Some(Self { task: to, evidence: vec![(bit, visits)], visits: Vec::new(), rounds }),
            None => Some(Self { task: to, evidence: Vec::new(), visits, rounds }),
        }
    }

    /// Whether it counts in no round, so that it can meet no other token before it begins one.
    pub(super) fn is_apart(&self) -> bool {
        self.rounds.is_empty()
    }

    /// The sources from which a join that has not completed was reached.
    pub(super) fn arrived(&self) -> Option<u64> {
        let bits = self.evidence.iter().map(|(bit, _)| bit);
        bits.copied().reduce(|all, bit| all | bit)
    }

    fn round(&self, join: usize) -> Option<u32> {
        self.rounds.iter().find(|(known, _)| usize::try_from(*known) == Ok(join)).map(|(_, round)| *round)
    }

    /// Whether it is a join that was reached from each source.
    fn is_full(&self, net: &PetriNet) -> bool {
        let all = net.node(self.task).and_then(|node| node.join);
        all.is_some() && self.arrived() == all
    }
}

/// The visits with one more of this task; none past its bound.
fn count(node: &Node, before: Option<&[u32]>) -> Option<Vec<u32>> {
    let Some(cycle) = node.cycle else { return Some(Vec::new()) };
    let mut visits = before.map_or_else(|| vec![0; cycle.size], <[u32]>::to_vec);
    let own = visits.get_mut(cycle.place)?;
    *own = own.checked_add(1).filter(|count| *count <= cycle.bound)?;
    Some(visits)
}

impl Marking {
    /// The token that is next to leave its task. Tokens do not hinder each other, so it does not matter which is first.
    pub(super) fn next(&self, net: &PetriNet) -> Option<usize> {
        let rank = |token: &Token| net.node(token.task).map(|node| node.rank);
        let visits = self.tokens.iter().enumerate().filter(|(_, token)| token.evidence.is_empty());
        visits.min_by_key(|(_, token)| rank(token)).map(|(at, _)| at)
    }

    /// Adds a token that has arrived at its task, or returns it as a marking of its own.
    pub(super) fn arrive(&mut self, net: &PetriNet, token: Token, apart: &mut Vec<Self>) {
        let Some(node) = net.node(token.task) else { return };
        if node.join.is_none() {
            return self.visit(node, token, apart);
        }
        let round = token.round(token.task);
        let here = |other: &&mut Token| other.task == token.task && other.round(token.task) == round;
        match self.tokens.iter_mut().filter(|other| !other.evidence.is_empty()).find(here) {
            None => self.tokens.push(token),
            Some(waiting) => {
                waiting.evidence.extend(token.evidence);
                waiting.evidence.sort_unstable();
                waiting.evidence.dedup();
            }
        }
    }

    /// A join that was reached from each source, in a round in which nothing else can reach it.
    pub(super) fn completed(&self, net: &PetriNet) -> Option<usize> {
        self.tokens.iter().position(|join| {
            let round = join.round(join.task);
            let is_on_its_way = |other: &Token| {
                other != join && other.round(join.task) == round && (other.evidence.is_empty() || other.is_full(net))
            };
            join.is_full(net) && !self.tokens.iter().any(is_on_its_way)
        })
    }

    /// What leaves a join has the highest visits of its evidence, one arrival of each source: all visits that it may have. None:
    /// there are more than `most`.
    pub(super) fn leaving(&self, join: usize, most: usize) -> Option<Vec<Token>> {
        let token = self.tokens.get(join)?;
        let mut found: Vec<Vec<u32>> = vec![Vec::new()];
        for of_source in token.evidence.chunk_by(|(one, _), (other, _)| one == other) {
            let highest = |so_far: &Vec<u32>, own: &Vec<u32>| match so_far.as_slice() {
                [] => own.clone(),
                some => some.iter().zip(own).map(|(one, other)| *one.max(other)).collect(),
            };
            found = found.iter().flat_map(|so_far| of_source.iter().map(|(_, own)| highest(so_far, own))).collect();
            found.sort_unstable();
            found.dedup();
            if found.len() > most {
                return None;
            }
        }
        let mut rounds = token.rounds.clone();
        rounds.retain(|(known, _)| usize::try_from(*known) != Ok(token.task));
        let leaving = |visits| Token { task: token.task, evidence: Vec::new(), visits, rounds: rounds.clone() };
        Some(found.into_iter().map(leaving).collect())
    }

    /// Adds a token that can leave its task; an arrival at a fork begins a round of each of its joins.
    pub(super) fn visit(&mut self, node: &Node, mut token: Token, apart: &mut Vec<Self>) {
        if node.steps.is_empty() {
            return;
        }
        let is_apart = token.is_apart();
        for &join in &node.forks {
            let is_used = |round: u32| self.tokens.iter().any(|other| other.rounds.contains(&(join, round)));
            let fresh = (0..).find(|round| is_apart || !is_used(*round)).unwrap_or_default();
            token.rounds.push((join, fresh));
        }
        token.rounds.sort_unstable();
        match is_apart {
            true => apart.push(Self { tokens: vec![token] }),
            false => self.tokens.push(token),
        }
    }

    /// The same without the token at this place.
    pub(super) fn without(&self, place: usize) -> Self {
        let rest = self.tokens.iter().enumerate().filter(|(at, _)| *at != place);
        Self { tokens: rest.map(|(_, token)| token.clone()).collect() }
    }

    /// Equal markings are written in one way.
    pub(super) fn sort(&mut self) {
        self.tokens.sort_unstable();
    }

    /// What it counts as in the bound of markings, which is a bound of memory: one for each token and each arrival at a join,
    /// and more where its history is long.
    pub(super) fn weight(&self) -> usize {
        let history = |token: &Token| token.visits.len().saturating_add(token.rounds.len()) / 16;
        let weights = self.tokens.iter().map(|token| history(token).saturating_add(token.evidence.len()));
        weights.fold(self.tokens.len(), usize::saturating_add)
    }
}
