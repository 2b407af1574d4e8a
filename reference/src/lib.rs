//! A second reading of `docs/protocol.md`, slow and plain: it remembers every arrival with its parents, and asks
//! the whole ancestry each time. It shares nothing with the decision, which sees only tokens, and nothing with
//! `check`: the fork of a join is found by taking each task away in turn.

mod ancestry;
mod arrival;
mod document;
mod request;
mod ways;

use std::collections::{BTreeMap, BTreeSet};

pub use arrival::{Arrival, Arrived};
pub use document::{Constraint, Document, Edge, Task};
pub use request::{Request, Token};

/// How long after its end a token is still taken, in seconds.
pub const LEEWAY: u64 = 300;

/// The reader: a document, and all that has happened.
#[derive(Debug)]
pub struct Reader<'d> {
    document: &'d Document,
    /// Of each join, its fork.
    forks: BTreeMap<String, String>,
    arrivals: Vec<Arrival>,
    /// Replica, what was left, and by which transition.
    taken: BTreeSet<(String, String, String, String)>,
    instances: usize,
}

impl<'d> Reader<'d> {
    /// A reader of a document in which nothing has happened.
    ///
    /// # Errors
    /// Where a join has no fork: `check` should have refused the document.
    pub fn new(document: &'d Document) -> Result<Self, String> {
        let mut forks = BTreeMap::new();
        for name in document.tasks.iter().filter(|(_, task)| task.join).map(|(name, _)| name) {
            let fork = ways::fork(document, name).ok_or(format!("the join {name} has no fork"))?;
            forks.insert(name.clone(), fork);
        }
        Ok(Self { document, forks, arrivals: Vec::new(), taken: BTreeSet::new(), instances: 0 })
    }

    /// The arrival of this number.
    pub fn arrival(&self, number: usize) -> Option<&Arrival> {
        self.arrivals.get(number)
    }

    /// Whether the task is a join whose fork is a join.
    pub fn is_tower(&self, task: &str) -> bool {
        self.forks.get(task).is_some_and(|fork| self.forks.contains_key(fork))
    }

    /// What the protocol makes of a request: an arrival, or the code of a denial.
    ///
    /// # Errors
    /// The code.
    pub fn decide(&mut self, request: &Request) -> Result<Arrived, &'static str> {
        if !self.document.actors.values().flatten().any(|id| *id == request.peer) {
            return Err("OUTSIDER");
        }
        if !request.reads_one_way() {
            return Err("BAD_PATH");
        }
        let Some(first) = request.shown.first() else { return self.begin(request) };
        let at = self.check_shown(request, first)?;
        let edge = self.choose(request, &at)?;
        let evidence: Vec<usize> = request.shown.iter().map(|token| token.arrival).collect();
        self.enter(request, &edge, &evidence, None)
    }

    /// A request without a step.
    fn begin(&mut self, request: &Request) -> Result<Arrived, &'static str> {
        let begins: Vec<&str> =
            self.document.tasks.iter().filter(|(_, t)| t.initial).map(|(n, _)| n.as_str()).collect();
        let mine: Vec<&str> = begins.into_iter().filter(|n| has(self.document.performers(n), &request.peer)).collect();
        if mine.is_empty() {
            return Err("NO_STEP");
        }
        let leaving: Vec<Edge> = mine.iter().flat_map(|task| self.document.leaving(task)).collect();
        let here: Vec<Edge> = leaving.into_iter().filter(|edge| self.is_here(edge, request)).collect();
        if here.is_empty() {
            return Err("NOT_INITIAL");
        }
        let edge = self.one(here, request)?;
        let instance = self.instances;
        let start = Arrival {
            task: edge.from.clone(),
            from: None,
            parents: Vec::new(),
            left: String::new(),
            name: format!("start {instance}"),
            performer: request.peer.clone(),
            instance,
            exp: request.now.saturating_add(self.document.task_ttl.min(self.document.deadline)),
            dl: request.now.saturating_add(self.document.deadline),
        };
        let number = self.arrivals.len();
        self.arrivals.push(start);
        let entered = self.enter(request, &edge, &[number], Some(number));
        match &entered {
            Ok(_) => self.instances = self.instances.saturating_add(1),
            Err(_) => self.arrivals.truncate(number),
        }
        entered
    }

    /// What is shown is one step, whole, live, and the peer's. Where it stands.
    fn check_shown(&self, request: &Request, first: &Token) -> Result<String, &'static str> {
        let shown = &request.shown;
        let of = |token: &Token| self.arrivals.get(token.arrival).ok_or("INTERNAL");
        let (at, instance) = (of(first)?.task.clone(), of(first)?.instance);
        if shown.iter().enumerate().any(|(n, token)| shown.iter().take(n).any(|before| before == token)) {
            return Err("BAD_STEP");
        }
        for token in shown {
            if of(token)?.task != at || of(token)?.instance != instance {
                return Err("BAD_STEP");
            }
        }
        let join = self.document.tasks.get(&at).is_some_and(|task| task.join);
        if shown.len() > 1 && !join {
            return Err("BAD_STEP");
        }
        if shown.len() > 1 && shown.len() > self.document.sources(&at).len() {
            return Err("JOIN_INCOMPLETE");
        }
        for token in shown {
            if token.forged {
                return Err("BAD_SIGNATURE");
            }
            if request.now >= of(token)?.exp.saturating_add(LEEWAY) {
                return Err("EXPIRED");
            }
        }
        if shown.iter().any(|token| token.holder != request.peer) { Err("WRONG_HOLDER") } else { Ok(at) }
    }

    /// The transition that this request is.
    fn choose(&self, request: &Request, at: &str) -> Result<Edge, &'static str> {
        let leaving = self.document.leaving(at).into_iter();
        let carried = leaving.filter(|edge| has(self.document.callers(edge), &request.peer));
        let here: Vec<Edge> = carried.filter(|edge| self.is_here(edge, request)).collect();
        if here.is_empty() {
            return Err("NO_TRANSITION");
        }
        let fits = |edge: &Edge| request.shown.iter().all(|token| token.receipt == self.document.has_via(edge));
        let fitting: Vec<Edge> = here.into_iter().filter(fits).collect();
        if fitting.is_empty() { Err("WRONG_TYPE") } else { self.one(fitting, request) }
    }

    fn is_here(&self, edge: &Edge, request: &Request) -> bool {
        has(self.document.performers(&edge.to), &request.gate)
    }

    fn one(&self, edges: Vec<Edge>, request: &Request) -> Result<Edge, &'static str> {
        let accepts = |edge: &Edge| self.document.tasks.get(&edge.to).is_some_and(|task| request.is(task));
        let mut accepting = edges.into_iter().filter(accepts);
        let one = accepting.next().ok_or("WRONG_REQUEST")?;
        if accepting.next().is_some() { Err("AMBIGUOUS") } else { Ok(one) }
    }
}

fn has(ids: &[String], id: &str) -> bool {
    ids.iter().any(|one| one == id)
}
