//! Walks: mostly the next honest request, often one that an attacker, a bug or a lost connection would send.

use super::Rng;
use stepgate_reference::{Document, Edge, Task};
use stepgate_reference::{Request, Token};

/// What the walker tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Kind {
    Begin,
    Honest,
    Shuffled,
    Skip,
    Replay,
    Stolen,
    Spliced,
    Method,
    Path,
    WrongType,
    OtherInstance,
    Forged,
    Outsider,
    Elsewhere,
}

const ILLEGAL: [Kind; 12] = [
    Kind::Shuffled,
    Kind::Skip,
    Kind::Replay,
    Kind::Stolen,
    Kind::Spliced,
    Kind::Method,
    Kind::Path,
    Kind::WrongType,
    Kind::OtherInstance,
    Kind::Forged,
    Kind::Outsider,
    Kind::Elsewhere,
];

/// A token that somebody holds, and what the walker knows of it.
#[derive(Debug, Clone)]
pub struct Held {
    /// Which it is.
    pub token: Token,
    /// Its bytes.
    pub text: String,
    /// Where its arrival is.
    pub task: String,
    /// Where that came from.
    pub from: Option<String>,
    /// Of which instance.
    pub instance: usize,
}

/// One request that is tried.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Why.
    pub kind: Kind,
    /// What.
    pub request: Request,
    /// The tokens that it shows.
    pub held: Vec<Held>,
    /// The task that an honest one would come to.
    pub to: String,
}

/// All that has been handed out so far.
#[derive(Debug)]
pub struct Walk<'d> {
    /// The document.
    pub document: &'d Document,
    /// All tokens.
    pub held: Vec<Held>,
    /// What was permitted.
    pub permitted: Vec<Attempt>,
    /// The time, in seconds.
    pub now: u64,
}

impl Walk<'_> {
    /// The next attempt; none where there is nothing to try.
    pub fn next(&mut self, rng: &mut Rng) -> Option<Attempt> {
        let pause = match rng.below(600) {
            0..5 => 600,
            5 => 3605,
            6..300 => 0,
            more => u64::try_from(more).unwrap_or_default() / 50,
        };
        self.now = self.now.saturating_add(pause);
        if self.held.is_empty() || rng.chance(2) {
            let begins = |edge: &&Edge| self.document.tasks.get(&edge.from).is_some_and(|task| task.initial);
            let edges: Vec<Edge> = self.document.edges.iter().filter(begins).cloned().collect();
            let mut attempt = self.take(rng, &edges, Vec::new(), Kind::Begin)?;
            if rng.chance(20) {
                self.spoil(rng, &mut attempt);
            }
            return Some(attempt);
        }
        let untried: Vec<Held> =
            self.held.iter().rev().filter(|held| !self.untried(held).is_empty()).cloned().collect();
        let (one, leaving) = match rng.pick(&untried).filter(|_| rng.chance(75)) {
            Some(one) => (one.clone(), self.untried(&one)),
            None => rng.pick(&self.held).map(|one| (one.clone(), self.document.leaving(&one.task)))?,
        };
        let shown = self.evidence(rng, &one);
        let mut attempt = self.take(rng, &leaving, shown, Kind::Honest)?;
        if rng.chance(35) {
            self.spoil(rng, &mut attempt);
        }
        Some(attempt)
    }

    /// The transitions that could be taken with a token, and were not. Else most walks would soon stand still.
    fn untried(&self, held: &Held) -> Vec<Edge> {
        let mut leaving = self.document.leaving(&held.task);
        let shows = |before: &&Attempt| before.request.shown.iter().any(|token| token.arrival == held.token.arrival);
        let tried: Vec<&str> = self.permitted.iter().filter(shows).map(|before| before.to.as_str()).collect();
        leaving.retain(|edge| self.document.has_via(edge) == held.token.receipt && !tried.contains(&edge.to.as_str()));
        leaving
    }

    /// What its holder would show beside a token: at a join, the newest from each other source.
    fn evidence(&self, rng: &mut Rng, one: &Held) -> Vec<Held> {
        if !self.document.tasks.get(&one.task).is_some_and(|task| task.join) {
            return vec![one.clone()];
        }
        let mut shown = Vec::new();
        for source in self.document.sources(&one.task) {
            if one.from.as_ref() == Some(&source) {
                shown.push(one.clone());
                continue;
            }
            let beside = |held: &&Held| {
                (&held.task, held.instance, held.token.receipt) == (&one.task, one.instance, one.token.receipt)
                    && held.from.as_ref() == Some(&source)
            };
            let found: Vec<Held> = self.held.iter().filter(beside).cloned().collect();
            shown.extend(if rng.chance(80) { found.last().cloned() } else { rng.pick(&found) });
        }
        shown
    }

    /// The request that takes one of these transitions; without any, one that pretends to.
    fn take(&self, rng: &mut Rng, edges: &[Edge], held: Vec<Held>, kind: Kind) -> Option<Attempt> {
        let edge = rng.pick(edges).or_else(|| rng.pick(&self.document.edges))?;
        let peer = match held.first() {
            Some(first) => first.token.holder.clone(),
            None => rng.pick(self.document.callers(&edge))?,
        };
        let mut request = Request {
            shown: Vec::new(),
            peer,
            gate: String::new(),
            replica: usize::from(rng.chance(6)),
            method: String::new(),
            path: String::new(),
            now: self.now,
        };
        self.aim(rng, &mut request, &edge.to)?;
        let mut attempt = Attempt { kind, request, held, to: edge.to };
        attempt.show();
        Some(attempt)
    }

    fn aim(&self, rng: &mut Rng, request: &mut Request, to: &str) -> Option<()> {
        let Task { method, path, .. } = self.document.tasks.get(to)?;
        request.method.clone_from(method);
        request.path = path.replace("{id}", &format!("x{}", rng.below(9)));
        request.gate = rng.pick(self.document.performers(to))?;
        Some(())
    }

    /// Makes an honest request another. It may be honest still: who judges is the reader.
    fn spoil(&self, rng: &mut Rng, attempt: &mut Attempt) -> Option<()> {
        let tasks: Vec<String> = self.document.tasks.keys().cloned().collect();
        let ids: Vec<String> = self.document.actors.values().flatten().cloned().collect();
        attempt.kind = rng.pick(&ILLEGAL)?;
        match attempt.kind {
            Kind::Begin | Kind::Honest => {}
            Kind::Shuffled => rng.shuffle(&mut attempt.held),
            Kind::Skip => {
                let to = rng.pick(&tasks)?;
                self.aim(rng, &mut attempt.request, &to)?;
            }
            Kind::Replay => {
                let again = rng.pick(&self.permitted)?;
                *attempt = Attempt { kind: Kind::Replay, ..again };
                attempt.request.now = self.now;
            }
            Kind::Stolen => attempt.request.peer = rng.pick(&ids)?,
            Kind::Spliced if rng.chance(60) => {
                let other = rng.pick(&self.held)?;
                let at = rng.below(attempt.held.len().saturating_add(1));
                attempt.held.insert(at, other);
            }
            Kind::Spliced => drop(attempt.held.pop()),
            Kind::Method => attempt.request.method = rng.pick(&["GET", "POST", "PUT", "post"])?.to_owned(),
            Kind::Path => {
                let path = attempt.request.path.clone();
                let odd = [
                    format!("/{path}"),
                    format!("{path}/."),
                    format!("{path};a"),
                    format!("{path}/x"),
                    "/elsewhere".into(),
                ];
                attempt.request.path = rng.pick(&odd)?;
            }
            Kind::WrongType | Kind::OtherInstance => self.exchange(rng, attempt)?,
            Kind::Forged => {
                let at = rng.below(attempt.held.len());
                attempt.held.get_mut(at)?.forge(rng.chance(50).then(|| attempt.request.peer.clone()))?;
            }
            Kind::Outsider => attempt.request.peer = Document::id("nobody"),
            Kind::Elsewhere => attempt.request.gate = rng.pick(&ids)?,
        }
        attempt.show();
        Some(())
    }

    /// A token in the place of one that differs from it in its type, or in its instance.
    fn exchange(&self, rng: &mut Rng, attempt: &mut Attempt) -> Option<()> {
        let at = rng.below(attempt.held.len());
        let kind = attempt.kind;
        let old = attempt.held.get_mut(at)?;
        let fits = |held: &&Held| {
            if kind == Kind::OtherInstance {
                held.instance != old.instance && (&held.task, &held.from) == (&old.task, &old.from)
            } else {
                held.token.arrival == old.token.arrival && held.token.receipt != old.token.receipt
            }
        };
        let others: Vec<Held> = self.held.iter().filter(fits).cloned().collect();
        *old = rng.pick(&others)?;
        if kind == Kind::WrongType {
            attempt.request.peer.clone_from(&old.token.holder);
        }
        Some(())
    }
}

impl Attempt {
    fn show(&mut self) {
        self.request.shown = self.held.iter().map(|held| held.token.clone()).collect();
    }
}
