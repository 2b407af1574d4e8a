//! A tour of a workflow: from one start, every transition from every arrival, as often as the gates permit it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use stepgate_config::spiffe::SpiffeId;
use stepgate_decision::step::step_header;
use stepgate_reference::{Arrival, Kind, Permitted, Reader, Request, Shown, Token};

use super::document::{Document, Edge, spiffe, together};
use super::world::{Answer, World};

/// Most requests of one tour.
const MAX_REQUESTS: usize = 400;

/// A request of a tour that was permitted.
#[derive(Debug)]
pub struct Hop {
    /// The task that it left.
    pub from: String,
    /// The task that it entered.
    pub to: String,
    /// The tokens that it showed.
    pub shown: Vec<String>,
    /// The tokens that it brought.
    pub answer: Answer,
}

/// All that one start leads to.
#[derive(Debug, Default)]
pub struct Tour {
    /// The permitted requests.
    pub hops: Vec<Hop>,
    /// Whether nothing is left to be tried.
    pub whole: bool,
}

/// What was reached and not gone on from: one token for each source of a join.
type Reached = Vec<Vec<Token>>;

impl Tour {
    /// Begins an instance with `first` and takes everything that follows. Of actors with several identities the first
    /// one is called: another one would be another replica.
    ///
    /// # Panics
    /// Where the gates and the reference disagree.
    pub fn of(document: &Document, world: &mut World, reader: &mut Reader, first: &Edge) -> Self {
        let mut tour = Self { hops: Vec::new(), whole: true };
        let mut open: VecDeque<Reached> = VecDeque::new();
        let mut waiting: BTreeMap<String, Vec<Token>> = BTreeMap::new();
        let (start, arrived) = tour.take(document, world, reader, first, &[]).unwrap_or_default();
        let mut found = arrived;
        open.push_back(vec![start]);
        loop {
            for token in std::mem::take(&mut found) {
                open.extend(gathered(document, &mut waiting, token));
            }
            let Some(reached) = open.pop_front() else { return tour };
            for shown in &reached {
                for edge in document.leaving(&together(shown.iter().map(|token| token.arrival.task.name.as_str()))) {
                    let kind = if document.has_via(&edge) { Kind::Receipt } else { Kind::Arrival };
                    if shown.iter().any(|token| token.kind != kind) {
                        continue;
                    }
                    while let Some((_, more)) = tour.take(document, world, reader, &edge, shown) {
                        found.extend(more);
                    }
                }
            }
            if tour.hops.len() > MAX_REQUESTS {
                tour.whole = false;
                return tour;
            }
        }
    }

    /// One request: the start tokens, and the tokens at the task that it enters. None where it is denied.
    fn take(
        &mut self,
        document: &Document,
        world: &mut World,
        reader: &mut Reader,
        edge: &Edge,
        shown: &[Token],
    ) -> Option<(Vec<Token>, Vec<Token>)> {
        let peer = match shown.first() {
            Some(token) => token.holder.clone(),
            None => spiffe(document.callers(edge).first()?)?,
        };
        let task = document.tasks.get(&edge.to)?;
        let request = Request {
            peer: Some(peer.clone()),
            gate: spiffe(document.performers(&edge.to).first()?)?,
            replica: "0".to_owned(),
            method: task.method.clone(),
            path: task.sent_path("7"),
            host: String::new(),
            port: task.port,
            headers: task.headers(),
            shown: shown.iter().cloned().map(Shown::Token).collect(),
            now: 1_800_000_000,
        };
        let texts: Vec<String> = shown.iter().map(|token| token.text.clone()).collect();
        let values: Vec<&str> = texts.iter().map(String::as_str).collect();
        let step = step_header(world.config.carrier, &world.config.header, &values);
        let step = step.map(|(name, value)| (name, value.into_bytes()));
        let decided = reader.decide(Some(&world.config), &request);
        let answer = world.ask(&request, step.as_slice());
        let (Ok(Permitted::Transition(arrived)), Ok(answer)) = (&decided, &answer) else {
            let agree =
                matches!((&decided, &answer), (Err(expected), Err(code)) if code.to_string() == expected.code());
            assert!(agree, "the reference says {decided:?}, the gate {answer:?}\n{document}");
            return None;
        };
        let token = |arrival: &Arc<Arrival>, text: &Option<String>, holder: &SpiffeId, kind| {
            let (text, arrival, holder) = (text.clone()?, Arc::clone(arrival), holder.clone());
            Some(Token { text, arrival, holder, kind, flaw: None })
        };
        let start = arrived.start.as_ref().and_then(|start| token(start, &answer.start, &peer, Kind::Arrival));
        let own = token(&arrived.arrival, &Some(answer.arrival.clone()), &request.gate, Kind::Arrival);
        let receipt = token(&arrived.arrival, &answer.receipt, &peer, Kind::Receipt);
        self.hops.push(Hop { from: edge.from.clone(), to: edge.to.clone(), shown: texts, answer: answer.clone() });
        Some((start.into_iter().collect(), own.into_iter().chain(receipt).collect()))
    }
}

/// What can be shown with a new token: itself; at a join each evidence of it and of tokens that came before, and so at several
/// tasks that a transition leaves together.
fn gathered(document: &Document, waiting: &mut BTreeMap<String, Vec<Token>>, token: Token) -> Option<Reached> {
    let task = token.arrival.task.name.to_string();
    if document.tasks.get(&task)?.join {
        let from = |one: &Token| one.arrival.from.as_ref().map(ToString::to_string);
        let held = waiting.entry(task.clone()).or_default();
        held.push(token.clone());
        return Some(beside(held, &token, &document.sources(&task), from));
    }
    let mut all = vec![vec![token.clone()]];
    let several = document.from(&task).into_iter().filter(Edge::leaves_several).map(|edge| edge.from);
    for several in several.collect::<BTreeSet<String>>() {
        let sources: Vec<String> = several.split('+').map(str::to_owned).collect();
        let held = waiting.entry(several).or_default();
        held.push(token.clone());
        all.extend(beside(held, &token, &sources, |one| Some(one.arrival.task.name.to_string())));
    }
    Some(all)
}

/// The token with each choice of one of those that are held of each other source.
fn beside(held: &[Token], token: &Token, sources: &[String], source: impl Fn(&Token) -> Option<String>) -> Reached {
    let mut all: Reached = vec![Vec::new()];
    for name in sources {
        let of = |one: &&Token| source(one).as_ref() == Some(name);
        let beside = held.iter().filter(of).filter(|one| one.kind == token.kind && one.holder == token.holder);
        let choices: Vec<&Token> = if of(&token) { vec![token] } else { beside.collect() };
        all = all
            .iter()
            .flat_map(|some| choices.iter().map(|one| [some.as_slice(), &[(*one).clone()]].concat()))
            .collect();
    }
    all
}
