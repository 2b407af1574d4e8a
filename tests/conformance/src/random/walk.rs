//! Walks: mostly the next honest request, often one that an attacker, a bug or a lost connection would send.

use std::sync::Arc;

use stepgate_config::spiffe::SpiffeId;
use stepgate_reference::{Flaw, Kind as TokenKind, Request, Shown, Token, alter};

use super::document::{Document, Edge, renamed, spiffe};
use super::rng::Rng;
use super::world::LEEWAY;

/// The kinds of requests that a walk tries.
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
    Headers,
    WrongType,
    OtherInstance,
    Forged,
    Outsider,
    Elsewhere,
}

const ILLEGAL: [Kind; 13] = [
    Kind::Shuffled,
    Kind::Skip,
    Kind::Replay,
    Kind::Stolen,
    Kind::Spliced,
    Kind::Method,
    Kind::Path,
    Kind::Headers,
    Kind::WrongType,
    Kind::OtherInstance,
    Kind::Forged,
    Kind::Outsider,
    Kind::Elsewhere,
];

/// One request that is tried.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// The kind of request.
    pub kind: Kind,
    /// The request.
    pub request: Request,
    /// The tokens that it shows.
    pub held: Vec<Token>,
    /// The task that an honest request would reach.
    pub to: String,
}

/// The state of a walk: all tokens that gates have minted so far.
#[derive(Debug)]
pub struct Walk<'d> {
    /// The document.
    pub document: &'d Document,
    /// All tokens.
    pub held: Vec<Token>,
    /// The attempts that were permitted.
    pub permitted: Vec<Attempt>,
    /// The time, in seconds.
    pub now: u64,
}

impl Walk<'_> {
    /// The next attempt; none if there is nothing to try. Each gate has a clock of its own.
    pub fn next(&mut self, rng: &mut Rng) -> Option<Attempt> {
        let mut attempt = self.attempt(rng)?;
        for id in [Some(&mut attempt.request.gate), attempt.request.peer.as_mut()].into_iter().flatten() {
            if rng.chance(10) {
                *id = renamed(id);
            }
        }
        let Request { gate, replica, .. } = &attempt.request;
        let name = gate.as_str().bytes().chain(replica.bytes()).fold(0, u8::wrapping_add);
        // Most of them are as far apart as two clocks may be.
        let ahead = [0, LEEWAY, LEEWAY / 2, 1, LEEWAY];
        let ahead = ahead.get(usize::from(name).checked_rem(ahead.len())?)?;
        attempt.request.now = self.now.saturating_add(*ahead);
        Some(attempt)
    }

    fn attempt(&mut self, rng: &mut Rng) -> Option<Attempt> {
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
        let untried: Vec<Token> =
            self.held.iter().rev().filter(|held| !self.untried(held).is_empty()).cloned().collect();
        let (one, leaving) = match rng.pick(&untried).filter(|_| rng.chance(75)) {
            Some(one) => (one.clone(), self.untried(&one)),
            None => {
                rng.pick(&self.held).map(|one| (one.clone(), self.document.from(one.arrival.task.name.as_str())))?
            }
        };
        let edge = rng.pick(&leaving);
        let shown = match edge.as_ref().filter(|edge| edge.leaves_several()) {
            Some(edge) => self.together(rng, &one, edge),
            None => self.evidence(rng, &one),
        };
        let mut attempt = self.take(rng, edge.as_slice(), shown, Kind::Honest)?;
        if rng.chance(35) {
            self.spoil(rng, &mut attempt);
        }
        Some(attempt)
    }

    /// The transitions that a token allows and that were not taken. Without these, most walks would soon stop.
    fn untried(&self, held: &Token) -> Vec<Edge> {
        let mut leaving = self.document.from(held.arrival.task.name.as_str());
        let shows = |before: &&Attempt| before.held.iter().any(|token| Arc::ptr_eq(&token.arrival, &held.arrival));
        let tried: Vec<&str> = self.permitted.iter().filter(shows).map(|before| before.to.as_str()).collect();
        leaving.retain(|edge| self.document.has_via(edge) == is_receipt(held) && !tried.contains(&edge.to.as_str()));
        leaving
    }

    /// The tokens that a holder would show beside this one: at a join, the newest from each other source.
    fn evidence(&self, rng: &mut Rng, one: &Token) -> Vec<Token> {
        let task = one.arrival.task.name.as_str();
        if !self.document.tasks.get(task).is_some_and(|task| task.join) {
            return vec![one.clone()];
        }
        let mut shown = Vec::new();
        for source in self.document.sources(task) {
            let comes_from = |token: &Token| token.arrival.from.as_ref().is_some_and(|from| from.as_str() == source);
            if comes_from(one) {
                shown.push(one.clone());
                continue;
            }
            let beside = |held: &&Token| {
                (held.arrival.task.name.as_str(), &held.arrival.instance, held.kind)
                    == (task, &one.arrival.instance, one.kind)
                    && comes_from(held)
            };
            let found: Vec<Token> = self.held.iter().filter(beside).cloned().collect();
            shown.extend(if rng.chance(80) { found.last().cloned() } else { rng.pick(&found) });
        }
        shown
    }

    /// The tokens that a holder would show beside this one for a transition from several tasks: the newest of each other.
    fn together(&self, rng: &mut Rng, one: &Token, edge: &Edge) -> Vec<Token> {
        let of = |task: &str| -> Option<Token> {
            if one.arrival.task.name.as_str() == task {
                return Some(one.clone());
            }
            let beside = |held: &&Token| {
                (held.arrival.task.name.as_str(), &held.arrival.instance, held.kind)
                    == (task, &one.arrival.instance, one.kind)
            };
            let found: Vec<Token> = self.held.iter().filter(beside).cloned().collect();
            if rng.chance(80) { found.last().cloned() } else { rng.pick(&found) }
        };
        edge.sources().filter_map(of).collect()
    }

    /// The request that takes one of these transitions; without any, a request that pretends to.
    fn take(&self, rng: &mut Rng, edges: &[Edge], held: Vec<Token>, kind: Kind) -> Option<Attempt> {
        let edge = rng.pick(edges).or_else(|| rng.pick(&self.document.edges))?;
        let peer = match held.first() {
            Some(first) => first.holder.clone(),
            None => spiffe(&rng.pick(self.document.callers(&edge))?)?,
        };
        let mut request = Request {
            port: rng.pick(&[Some(8080), Some(8080), Some(8080), Some(9090), None]).flatten(),
            shown: Vec::new(),
            gate: peer.clone(),
            peer: Some(peer),
            replica: usize::from(rng.chance(6)).to_string(),
            method: String::new(),
            path: String::new(),
            host: rng.pick(&["", "x", "x", "elsewhere", "Elsewhere:80", "elsewhere.", "elsewhere:"])?.to_owned(),
            headers: Vec::new(),
            now: self.now,
        };
        self.aim(rng, &mut request, &edge.to)?;
        let mut attempt = Attempt { kind, request, held, to: edge.to };
        attempt.show();
        Some(attempt)
    }

    fn aim(&self, rng: &mut Rng, request: &mut Request, to: &str) -> Option<()> {
        let task = self.document.tasks.get(to)?;
        request.method.clone_from(&task.method);
        request.path = task.sent_path(&format!("x{}", rng.below(9)));
        request.headers = task.headers();
        request.gate = spiffe(&rng.pick(self.document.performers(to))?)?;
        Some(())
    }

    /// Changes an honest request. The request may still be honest: the reference decides that.
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
            }
            Kind::Stolen => attempt.request.peer = spiffe(&rng.pick(&ids)?),
            Kind::Spliced if rng.chance(60) => {
                let other = rng.pick(&self.held)?;
                let at = rng.below(attempt.held.len().saturating_add(1));
                attempt.held.insert(at, other);
            }
            Kind::Spliced => drop(attempt.held.pop()),
            Kind::Method => {
                attempt.request.method = rng.pick(&["GET", "POST", "PUT", "post", "HEAD", "head"])?.to_owned()
            }
            Kind::Path => {
                let path = attempt.request.path.clone();
                let other = self.document.tasks.get(&rng.pick(&tasks)?)?.path.replace(['{', '}', '*'], "");
                let odd = [
                    other,
                    format!("{path}/"),
                    format!("/{path}"),
                    format!("{path}/."),
                    format!("{path};a"),
                    format!("{path}/x"),
                    path.trim_end_matches('/').to_owned(),
                    format!("{path}:go"),
                    path.replace(':', "%3A"),
                    path.replace(':', "%3a"),
                    path.replace('.', "%2E"),
                    path.replace("%C3%A9", "%c3%a9"),
                    path.replace("%C3%A9", "e%CC%81"),
                    path.replace("%A9", ""),
                    "/all/:go".into(),
                    "/all/x".into(),
                    "/all/xx1".into(),
                    "/elsewhere".into(),
                ];
                attempt.request.path = rng.pick(&odd)?;
            }
            Kind::Headers => {
                let headers = &mut attempt.request.headers;
                let own = headers.pop().map(|(_, value)| value);
                let other = rng.pick(&tasks);
                let value = rng.pick(&[own.clone(), own, other]).flatten().unwrap_or_else(|| "none".to_owned());
                let name = |name: &str| (name.to_owned(), value.clone());
                let spoilt = [
                    vec![],
                    vec![name("x-tool")],
                    vec![name("x-tool"), name("x-tool")],
                    vec![name("x-tool"), name("x_tool")],
                    vec![name("x.tool")],
                    vec![("x-tool".to_owned(), value.to_uppercase())],
                    vec![("x-tool".to_owned(), format!("{value} "))],
                    vec![("x-tool".to_owned(), String::new())],
                ];
                *headers = rng.pick(&spoilt)?;
            }
            Kind::WrongType | Kind::OtherInstance => self.exchange(rng, attempt)?,
            Kind::Forged => {
                let at = rng.below(attempt.held.len());
                forge(attempt.held.get_mut(at)?, attempt.request.peer.clone().filter(|_| rng.chance(50)))?;
            }
            Kind::Outsider => attempt.request.peer = spiffe(&Document::id("nobody")),
            Kind::Elsewhere => attempt.request.gate = spiffe(&rng.pick(&ids)?)?,
        }
        attempt.show();
        Some(())
    }

    /// Replaces a token by one that differs from it in its type or in its instance.
    fn exchange(&self, rng: &mut Rng, attempt: &mut Attempt) -> Option<()> {
        let at = rng.below(attempt.held.len());
        let kind = attempt.kind;
        let old = attempt.held.get_mut(at)?;
        let fits = |held: &&Token| {
            if kind == Kind::OtherInstance {
                let (held, old) = (&held.arrival, &old.arrival);
                held.instance != old.instance && (&held.task.name, &held.from) == (&old.task.name, &old.from)
            } else {
                Arc::ptr_eq(&held.arrival, &old.arrival) && held.kind != old.kind
            }
        };
        let others: Vec<Token> = self.held.iter().filter(fits).cloned().collect();
        *old = rng.pick(&others)?;
        if kind == Kind::WrongType {
            attempt.request.peer = Some(old.holder.clone());
        }
        Some(())
    }
}

impl Attempt {
    fn show(&mut self) {
        self.request.shown = self.held.iter().cloned().map(Shown::Token).collect();
    }
}

fn is_receipt(token: &Token) -> bool {
    token.kind == TokenKind::Receipt
}

/// Changes the token as an attacker without the key can: another holder in its claims, or another signature.
fn forge(token: &mut Token, holder: Option<SpiffeId>) -> Option<()> {
    let text = &token.text;
    match holder.filter(|holder| *holder != token.holder) {
        Some(holder) => {
            token.text = alter::claims(text, |claims| drop(claims.insert("sub".to_owned(), holder.as_str().into())));
            token.holder = holder;
            token.flaw = Some(Flaw::Content);
        }
        None => {
            let (signed, signature) = text.rsplit_once('.')?;
            let first = if signature.starts_with('A') { 'B' } else { 'A' };
            token.text = format!("{signed}.{first}{}", signature.get(1..)?);
            token.flaw = Some(Flaw::Signature);
        }
    }
    Some(())
}
