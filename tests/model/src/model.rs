//! The model: states, what may happen in them, and what must never.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, RwLock};

use stateright::{Model, Property};
use stepgate_decision::UnixTime;
use stepgate_decision::switch::Check;
use stepgate_decision::token::UnverifiedToken;

use crate::gates::{Answer, Ask, Gates, Minted};
use crate::history::{Arrival, ArrivalId, History, Kind, Token, TokenId, Workload};
use crate::record::{Record, at};
use crate::rogue::Rogue;
use crate::semantics::{Request, Rule, Semantics, Taken};
use crate::shape::{Bounds, Shape};

/// A replica of a gate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Replica {
    gate: Workload,
    /// By how many units its clock is ahead.
    ahead: u8,
    record: Record,
    /// How often it took each transition of each arrival since it started, and starts of each peer.
    taken: BTreeMap<String, u8>,
}

/// A moment of a run.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    time: u8,
    begun: u8,
    /// What the adversary has: sorted.
    tokens: Vec<TokenId>,
    /// Receipts of requests that their performers have not answered.
    unanswered: Vec<TokenId>,
    /// The replicas of a gate are alike, so they are sorted.
    replicas: Vec<Replica>,
    restarts: u8,
    undelivered: u8,
    fault: Option<Fault>,
}

/// What must not happen.
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Fault {
    /// A request was permitted that breaks a rule.
    #[error("{0}")]
    Forbidden(Rule),
    /// A request was refused that breaks none.
    #[error("a rightful request is refused with {0}")]
    Refused(String),
}

/// What may happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// A request is sent to a replica, permitted, and reaches its application.
    Request(Arc<Candidate>, usize),
    /// A request is permitted, and Envoy says that it reached nobody.
    Undelivered(Arc<Candidate>, usize),
    /// A request that breaks no rule is denied.
    Refused(Arc<Candidate>, usize),
    /// A performer answers.
    Answer(TokenId),
    /// A replica restarts.
    Restart(usize),
    /// A unit of time passes.
    Tick,
}

/// A request that is worth a try, and the rules on it that depend on no state.
#[derive(Debug, PartialEq, Eq)]
pub struct Candidate {
    request: Request,
    judged: Result<Taken, Rule>,
}

type Combination = (Vec<TokenId>, UnixTime);

/// A shape's model.
pub struct Gated {
    shape: Shape,
    gates: Gates,
    semantics: Semantics,
    history: History,
    invented: Vec<TokenId>,
    /// The one rule whose break counts; without it, all count.
    sought: Option<Rule>,
    /// The requests with these tokens, at this time, that some record may permit, or that break no rule.
    worth: RwLock<HashMap<Combination, Arc<Vec<Arc<Candidate>>>>>,
}

impl Gated {
    /// The model of a shape, without these checks. If a rule is sought, runs that break another one end there.
    pub fn of(shape: &Shape, off: &[Check], sought: Option<Rule>) -> Self {
        let gates = Gates::of(shape, off);
        let semantics = Semantics::of(shape, &gates.workflows(), &gates.workloads, &gates.paths);
        let history = History::default();
        let mut invented = shape.rogue.map_or(Vec::new(), |actor| Rogue::of(&gates, actor).invented(&history));
        invented.sort_unstable();
        invented.dedup();
        Self { shape: shape.clone(), gates, semantics, history, invented, sought, worth: RwLock::default() }
    }

    /// Actions in words, but for which replica it is: replicas are sorted, and so have no name.
    pub fn tell(&self, action: &Action) -> String {
        let name =
            |workload: u8| self.gates.workloads[usize::from(workload)].as_str().rsplit('/').next().unwrap().to_owned();
        let request = |what: &str, candidate: &Candidate| {
            let request = &candidate.request;
            let tokens: Vec<String> = request.tokens.iter().map(|&token| self.tell_token(token)).collect();
            let path = &self.gates.paths[usize::from(request.path)];
            format!("{} sends {path} to {} with [{}]{what}", name(request.peer), name(request.gate), tokens.join(", "))
        };
        match action {
            Action::Request(one, _) => request("", one),
            Action::Undelivered(one, _) => request(", which reaches nobody", one),
            Action::Refused(one, _) => request(", which is refused", one),
            Action::Answer(token) => format!("the performer of [{}] answers", self.tell_token(*token)),
            Action::Restart(_) => "a proxy restarts".to_owned(),
            Action::Tick => "time passes".to_owned(),
        }
    }

    fn tell_token(&self, token: TokenId) -> String {
        let (token, arrival) = (self.history.tokens.value(token), self.history.arrival_of(token));
        let claimed = if arrival.claimed { " as the rogue says" } else { "" };
        format!("{:?} {}{claimed}", token.kind, arrival.name)
    }

    /// The requests that are worth a try: each combination of tokens, in the order of their numbers.
    fn worth(&self, state: &State, now: UnixTime) -> Vec<Arc<Candidate>> {
        let most = if self.shape.rogue.is_some() { 1 } else { self.semantics.most_evidence().max(2) };
        let mut found = Vec::new();
        let mut combination = Vec::new();
        // A single instance begins at once: a run in which it begins later is the same run.
        if state.begun < self.shape.bounds.instances && (state.time == 0 || self.shape.bounds.instances > 1) {
            found.extend(self.worth_of(&combination, now).iter().cloned());
        }
        self.combine(&state.tokens, most, &mut combination, now, &mut found);
        found
    }

    fn combine(
        &self,
        tokens: &[TokenId],
        most: usize,
        chosen: &mut Vec<TokenId>,
        now: UnixTime,
        found: &mut Vec<Arc<Candidate>>,
    ) {
        for (place, &token) in tokens.iter().enumerate() {
            if self.shape.bounds.time > 0 && !chosen.iter().all(|&one| self.meet(one, token)) {
                continue;
            }
            chosen.push(token);
            found.extend(self.worth_of(chosen, now).iter().cloned());
            if chosen.len() < most {
                self.combine(&tokens[place + 1..], most, chosen, now, found);
            }
            chosen.pop();
        }
    }

    /// Whether two tokens may be of one list: where time passes there are many, and a list of other tokens is denied whatever
    /// the time. (Where it stands still, all lists are tried.)
    fn meet(&self, one: TokenId, other: TokenId) -> bool {
        let (one, other) = (self.history.arrival_of(one), self.history.arrival_of(other));
        (&one.task, &one.instance) == (&other.task, &other.instance) && self.semantics.joins(&one.task)
    }

    fn worth_of(&self, tokens: &[TokenId], now: UnixTime) -> Arc<Vec<Arc<Candidate>>> {
        let key = (tokens.to_vec(), now);
        if let Some(found) = self.worth.read().unwrap().get(&key) {
            return Arc::clone(found);
        }
        let workloads = u8::try_from(self.gates.workloads.len()).unwrap();
        let paths = u8::try_from(self.gates.paths.len()).unwrap();
        let called = self.semantics.called();
        let mut found = Vec::new();
        for peer in 0..workloads {
            for gate in called.iter().copied() {
                for path in 0..paths {
                    let request = Request { peer, gate, path, tokens: tokens.to_vec() };
                    let ask = Ask { request, now, random: 0, delivered: true };
                    let answer = self.gates.ask(&self.history, &ask, &Record::default());
                    let judged = self.semantics.judge(&self.history, &ask.request);
                    if judged.is_ok() || !answer.trace.is_empty() || answer.verdict.is_ok() {
                        found.push(Arc::new(Candidate { request: ask.request, judged }));
                    }
                }
            }
        }
        let found = Arc::new(found);
        self.worth.write().unwrap().insert(key, Arc::clone(&found));
        found
    }

    fn ask(&self, state: &State, candidate: &Candidate, replica: &Replica, delivered: bool) -> Arc<Answer> {
        let random = match &candidate.judged {
            Ok(taken) if !taken.parents.is_empty() && self.semantics.way(taken.way).uses > 1 => {
                CHILDREN + self.children(state, taken)
            }
            // Only a start draws it.
            Ok(_) | Err(_) if candidate.request.tokens.is_empty() => u16::from(state.begun),
            Ok(_) | Err(_) => 0,
        };
        let ask = Ask { request: candidate.request.clone(), now: at(state.time, replica.ahead), random, delivered };
        self.gates.ask(&self.history, &ask, &replica.record)
    }

    /// How many children of this transition there are: where it has several uses, each of them has a name of its own.
    fn children(&self, state: &State, taken: &Taken) -> u16 {
        let prefix = format!("{}#", self.child_name(taken));
        let arrivals = state.tokens.iter().map(|&token| self.history.arrival_of(token).name.clone());
        let names: std::collections::BTreeSet<String> =
            arrivals.filter(|name| name.starts_with(&prefix) && !name[prefix.len()..].contains('>')).collect();
        u16::try_from(names.len()).unwrap()
    }

    fn child_name(&self, taken: &Taken) -> String {
        let way = self.semantics.way(taken.way);
        format!("{}>{}", taken.parent, way.to)
    }

    /// Whether the replica has taken the transition as often as it may, or the peer its starts.
    fn used_up(&self, replica: &Replica, peer: Workload, taken: &Taken, begun: u8) -> Result<(), Rule> {
        let way = self.semantics.way(taken.way);
        let times = |key: String| u32::from(replica.taken.get(&key).copied().unwrap_or_default());
        if times(use_key(taken, way.to.as_str(), begun)) >= way.uses {
            return Err(Rule::Uses);
        }
        match self.shape.starts {
            Some(most) if taken.begins && times(format!("starts of {peer}")) >= u32::from(most) => Err(Rule::Starts),
            _ => Ok(()),
        }
    }

    /// The rule that a permit breaks.
    fn broken(&self, state: &State, candidate: &Candidate, replica: &Replica, minted: &Minted) -> Result<Taken, Rule> {
        let request = &candidate.request;
        let claims = UnverifiedToken::parse(&minted.step).unwrap().claims().clone();
        let entered = claims.wf.task.to_string();
        if !self.semantics.performs(request.gate, &entered) {
            return Err(Rule::Performer);
        }
        let taken = candidate.judged.clone()?;
        if self.semantics.way(taken.way).to != entered || claims.sub != self.gates.workloads[usize::from(request.gate)]
        {
            return Err(Rule::Order);
        }
        self.semantics.may_now(&self.history, &taken, state.time)?;
        self.used_up(replica, request.peer, &taken, state.begun)?;
        Ok(taken)
    }

    /// Whether a request that is denied breaks no rule, by any clocks.
    fn is_rightful(&self, state: &State, Candidate { request, judged }: &Candidate, replica: &Replica) -> bool {
        let Ok(taken) = judged else { return false };
        !request.tokens.iter().any(|&token| self.history.arrival_of(token).claimed)
            && self.semantics.must_now(&self.history, taken, state.time)
            && self.used_up(replica, request.peer, taken, state.begun).is_ok()
    }

    fn deliver(&self, state: &mut State, request: &Request, at: usize, taken: &Taken, minted: Minted) {
        let way = self.semantics.way(taken.way);
        let (time, claimed) = (state.time, false);
        let replica = &mut state.replicas[at];
        *replica.taken.entry(use_key(taken, &way.to, state.begun)).or_default() += 1;
        if taken.begins && self.shape.starts.is_some() {
            *replica.taken.entry(format!("starts of {}", request.peer)).or_default() += 1;
        }
        let child = self.child_name(taken);
        let (parents, instance, name) = match taken.parents.first() {
            Some(&first) => {
                let count = if way.uses > 1 { format!("{child}#{}", self.children(state, taken)) } else { child };
                (taken.parents.clone(), self.history.arrivals.value(first).instance.clone(), count)
            }
            None => {
                let instance = format!("i{}", state.begun);
                state.begun += 1;
                let start = Arrival {
                    name: instance.clone(),
                    task: way.from.clone(),
                    performer: request.peer,
                    parents: vec![],
                    instance: instance.clone(),
                    time,
                    claimed,
                };
                let start = self.history.arrivals.number(start);
                self.learn(state, start, Kind::Arrival, request.peer, minted.start.unwrap());
                let count = if way.uses > 1 { "#0" } else { "" };
                (vec![start], instance.clone(), format!("{instance}>{}{count}", way.to))
            }
        };
        let performer = request.gate;
        let arrival = Arrival { name, task: way.to.clone(), performer, parents, instance, time, claimed };
        let arrival = self.history.arrivals.number(arrival);
        self.learn(state, arrival, Kind::Arrival, performer, minted.step);
        if let Some(text) = minted.receipt {
            let token = self.history.tokens.number(Token { text, arrival, kind: Kind::Receipt, holder: request.peer });
            if !state.tokens.contains(&token) {
                state.unanswered.push(token);
                state.unanswered.sort_unstable();
                state.unanswered.dedup();
            }
        }
    }

    fn learn(&self, state: &mut State, arrival: ArrivalId, kind: Kind, holder: Workload, text: String) {
        let token = self.history.tokens.number(Token { text, arrival, kind, holder });
        self.have(state, token);
    }

    fn have(&self, state: &mut State, token: TokenId) {
        if let Some(actor) = self.shape.rogue {
            state.tokens.extend(Rogue::of(&self.gates, actor).reissued(&self.history, token));
        }
        state.tokens.push(token);
        state.tokens.sort_unstable();
        state.tokens.dedup();
    }

    /// Whether each task that ends a branch has been reached.
    fn is_complete(&self, state: &State) -> bool {
        let reached: Vec<_> =
            state.tokens.iter().map(|&token| self.history.arrival_of(token)).filter(|one| !one.claimed).collect();
        self.semantics.ends().all(|end| reached.iter().any(|arrival| arrival.task == end))
    }

    /// Replicas of each gate by whether their clock is ahead: in every combination, but for the order of replicas.
    fn clocks(&self) -> Vec<Vec<Replica>> {
        let Bounds { replicas, clocks, .. } = self.shape.bounds;
        let mut all: Vec<Vec<Replica>> = vec![Vec::new()];
        for gate in self.semantics.called() {
            let ahead = |fast: u8| {
                let one = move |n| Replica {
                    gate,
                    ahead: u8::from(n < fast),
                    record: Record::default(),
                    taken: BTreeMap::new(),
                };
                (0..replicas).map(one)
            };
            let fast: Vec<u8> = if clocks { (0..=replicas).collect() } else { vec![0] };
            all = all
                .iter()
                .flat_map(|before| fast.iter().map(|&fast| before.iter().cloned().chain(ahead(fast)).collect()))
                .collect();
        }
        all
    }
}

/// Randomness that names no instance.
const CHILDREN: u16 = 1000;

/// A use of a transition: a start that a replica took is one of a new instance.
fn use_key(taken: &Taken, to: &str, begun: u8) -> String {
    if taken.parents.is_empty() { format!("i{begun}>{to}") } else { format!("{}>{to}", taken.parent) }
}

impl Model for Gated {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let state = |mut replicas: Vec<Replica>| {
            replicas.sort();
            let tokens = self.invented.clone();
            State { time: 0, begun: 0, tokens, unanswered: vec![], replicas, restarts: 0, undelivered: 0, fault: None }
        };
        self.clocks().into_iter().map(state).collect()
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.fault.is_some() {
            return;
        }
        let bounds = self.shape.bounds;
        let mut worth = BTreeMap::new();
        for (at_replica, replica) in state.replicas.iter().enumerate() {
            if at_replica > 0 && state.replicas[at_replica - 1] == *replica {
                continue;
            }
            let now = at(state.time, replica.ahead);
            let requests: &Vec<Arc<Candidate>> = worth.entry(now).or_insert_with(|| self.worth(state, now));
            for request in requests.iter().filter(|one| one.request.gate == replica.gate) {
                match &self.ask(state, request, replica, true).verdict {
                    Ok(_) => {
                        actions.push(Action::Request(Arc::clone(request), at_replica));
                        if state.undelivered < bounds.undelivered {
                            actions.push(Action::Undelivered(Arc::clone(request), at_replica));
                        }
                    }
                    Err(_) if self.is_rightful(state, request, replica) => {
                        actions.push(Action::Refused(Arc::clone(request), at_replica));
                    }
                    Err(_) => {}
                }
            }
            if state.restarts < bounds.restarts && !replica.record.is_empty() {
                actions.push(Action::Restart(at_replica));
            }
        }
        actions.extend(state.unanswered.iter().map(|&token| Action::Answer(token)));
        if state.time < bounds.time {
            actions.push(Action::Tick);
        }
    }

    fn next_state(&self, before: &State, action: Action) -> Option<State> {
        let mut state = before.clone();
        match action {
            Action::Request(request, at) => {
                let answer = self.ask(before, &request, &before.replicas[at], true);
                let minted = answer.verdict.clone().ok()?;
                match self.broken(before, &request, &before.replicas[at], &minted) {
                    Ok(taken) => {
                        state.replicas[at].record = before.replicas[at].record.after(&answer.trace);
                        self.deliver(&mut state, &request.request, at, &taken, minted);
                    }
                    Err(rule) if self.sought.is_some_and(|sought| sought != rule) => return None,
                    Err(rule) => state.fault = Some(Fault::Forbidden(rule)),
                }
            }
            Action::Undelivered(request, at) => {
                let answer = self.ask(before, &request, &before.replicas[at], false);
                state.replicas[at].record = before.replicas[at].record.after(&answer.trace);
                state.undelivered += 1;
            }
            Action::Refused(request, at) => {
                let answer = self.ask(before, &request, &before.replicas[at], true);
                state.fault = Some(Fault::Refused(answer.verdict.clone().err()?));
            }
            Action::Answer(token) => {
                state.unanswered.retain(|one| *one != token);
                self.have(&mut state, token);
            }
            Action::Restart(at) => {
                let replica = &mut state.replicas[at];
                (replica.record, replica.taken) = (Record::default(), BTreeMap::new());
                state.restarts += 1;
            }
            Action::Tick => {
                state.time += 1;
                for replica in &mut state.replicas {
                    replica.record = self.gates.swept(&replica.record, at(state.time, replica.ahead));
                }
            }
        }
        state.replicas.sort();
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let forbidden = |_: &Self, state: &State| !matches!(state.fault, Some(Fault::Forbidden(_)));
        let refused = |_: &Self, state: &State| !matches!(state.fault, Some(Fault::Refused(_)));
        vec![
            Property::always(FORBIDDEN, forbidden),
            Property::always(REFUSED, refused),
            Property::sometimes(COMPLETE, |model: &Self, state: &State| model.is_complete(state)),
        ]
    }
}

impl State {
    /// What went wrong.
    pub fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }
}

/// No instance takes what its workflow forbids.
pub const FORBIDDEN: &str = "no instance takes what its workflow forbids";
/// No rightful request is refused.
pub const REFUSED: &str = "no rightful request is refused";
/// Some run reaches every end.
pub const COMPLETE: &str = "a run reaches every end";
