//! What a workflow allows, and what it promises, at level `signed`: written from `docs/protocol.md`, `docs/language.md` and
//! `SECURITY.md`, in terms of arrivals and true time. It knows no claims, no clocks and no replay record.

use std::collections::BTreeSet;
use std::time::Duration;

use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{JoinKind, Relation, Workflow};

use crate::history::{Arrival, ArrivalId, History, Kind, TokenId, Workload};
use crate::shape::{Shape, UNIT};

/// A request, whoever sends it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Request {
    /// Its sender.
    pub peer: Workload,
    /// The workload that receives it.
    pub gate: Workload,
    /// Its path, by its place in the list of the shape's paths: it says which task the application runs.
    pub path: u8,
    /// The tokens that it presents.
    pub tokens: Vec<TokenId>,
}

/// A rule that a permitted request breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Rule {
    /// Only the performer of an initial task begins.
    #[error("an instance is begun by a workload that may not begin one")]
    Initiator,
    /// A request that begins two workflows begins neither.
    #[error("a request that is the start of two workflows begins one of them")]
    Ambiguous,
    /// A gate speaks only for its own actor.
    #[error("a gate that lies says that another actor's task was reached, and is believed")]
    Issuer,
    /// A token is its holder's.
    #[error("a step is used by a workload that it was not given to")]
    Holder,
    /// A transition has a caller.
    #[error("a transition is made by a workload that is not its caller")]
    Caller,
    /// By `via` only what has been done leads on.
    #[error("a caller by `via` goes on before the performer has answered")]
    Receipt,
    /// One instance, one task.
    #[error("steps of different tasks or instances are used as one")]
    Mixed,
    /// A join needs all branches.
    #[error("a join is left without all its branches")]
    Incomplete,
    /// A join needs branches of one round.
    #[error("a join is left with branches of two rounds")]
    Rounds,
    /// The order of tasks.
    #[error("the application runs a task to which no transition leads from there")]
    Order,
    /// A task is its actor's.
    #[error("a task is entered at a workload that does not perform it")]
    Performer,
    /// `max_visits`.
    #[error("a branch enters a task more often than it may")]
    Visits,
    /// `separate`, `bind`.
    #[error("performers of a branch break a constraint")]
    Constraint,
    /// `ttl`.
    #[error("a step is used after its life")]
    Expired,
    /// `deadline`.
    #[error("an instance goes on after its deadline")]
    Deadline,
    /// `after`.
    #[error("a transition is taken before it opens")]
    Early,
    /// `within`.
    #[error("a transition is taken after it has closed")]
    Late,
    /// `uses`.
    #[error("a replica takes a transition more often than it may")]
    Uses,
    /// `limits`.
    #[error("a peer begins more often than it may")]
    Starts,
}

/// A transition that a request takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The transition, by its number.
    pub way: usize,
    /// The arrivals that it leaves; none: it begins.
    pub parents: Vec<ArrivalId>,
    /// What it leaves: an arrival with its twins, or a round of a join.
    pub parent: String,
    /// Whether it begins, or is a further transition of the initiator.
    pub begins: bool,
}

#[derive(Debug)]
struct Task {
    name: String,
    path: u8,
    performers: Vec<Workload>,
    initial: bool,
    joins: bool,
    max_visits: Option<u32>,
    ttl: u8,
    deadline: u8,
}

/// A transition.
#[derive(Debug)]
pub struct Way {
    /// The task that it leaves.
    pub from: String,
    /// The task that it enters.
    pub to: String,
    /// How often each replica may take it.
    pub uses: u32,
    callers: Vec<Workload>,
    via: bool,
    after: Option<u8>,
    within: Option<u8>,
}

/// The rules of a shape's workflows.
#[derive(Debug)]
pub struct Semantics {
    tasks: Vec<Task>,
    ways: Vec<Way>,
    constraints: Vec<(Relation, Vec<String>)>,
    forks: &'static [(&'static str, &'static str)],
    rogue: Vec<Workload>,
}

fn units(duration: Duration) -> u8 {
    u8::try_from(duration.as_secs() / UNIT).unwrap_or(u8::MAX)
}

impl Semantics {
    /// Reads keys of the documents, and derives nothing. Names of tasks must differ, also between documents.
    pub fn of(shape: &Shape, workflows: &[&Workflow], workloads: &[SpiffeId], paths: &[String]) -> Self {
        let among = |ids: &[SpiffeId]| -> Vec<Workload> {
            (0..).zip(workloads).filter(|(_, id)| ids.contains(id)).map(|(at, _)| at).collect()
        };
        let mut all = Self { tasks: vec![], ways: vec![], constraints: vec![], forks: shape.forks, rogue: vec![] };
        for workflow in workflows {
            all.rogue.extend(
                workflow
                    .actors
                    .values()
                    .filter(|a| Some(a.name.as_str()) == shape.rogue)
                    .flat_map(|a| among(&a.spiffe)),
            );
            all.tasks.extend(workflow.tasks.values().map(|task| {
                let path = task.requests.first().map(|pattern| pattern.path.as_ref().unwrap().to_string());
                Task {
                    name: task.name.to_string(),
                    path: path.map_or(u8::MAX, |path| place(paths, &path)),
                    performers: among(&task.performer.spiffe),
                    initial: task.initial,
                    joins: task.join == JoinKind::All,
                    max_visits: task.max_visits,
                    ttl: units(task.ttl),
                    deadline: units(workflow.deadline),
                }
            }));
            all.ways.extend(workflow.transitions.iter().map(|way| Way {
                from: way.from.name.to_string(),
                to: way.to.name.to_string(),
                uses: way.uses,
                callers: among(&way.caller.spiffe),
                via: way.via,
                after: way.after.map(units),
                within: way.within.map(units),
            }));
            all.constraints.extend(
                workflow.constraints.iter().map(|constraint| {
                    (constraint.relation, constraint.tasks.iter().map(ToString::to_string).collect())
                }),
            );
        }
        all
    }

    /// A transition, by its number.
    pub fn way(&self, way: usize) -> &Way {
        &self.ways[way]
    }

    /// The tasks that end a branch.
    pub fn ends(&self) -> impl Iterator<Item = &str> {
        let is_left = |task: &Task| self.ways.iter().any(|way| way.from == task.name);
        self.tasks.iter().filter(move |task| !is_left(task)).map(|task| task.name.as_str())
    }

    /// The workloads that some transition calls.
    pub fn called(&self) -> BTreeSet<Workload> {
        self.ways.iter().flat_map(|way| &self.task(&way.to).performers).copied().collect()
    }

    /// The most tokens that leave a join.
    pub fn most_evidence(&self) -> usize {
        self.tasks.iter().filter(|task| task.joins).map(|task| self.sources(&task.name).len()).max().unwrap_or(1)
    }

    /// Whether the workload performs the task.
    pub fn performs(&self, workload: Workload, task: &str) -> bool {
        self.task(task).performers.contains(&workload)
    }

    /// Whether it is a join.
    pub fn joins(&self, task: &str) -> bool {
        self.task(task).joins
    }

    fn task(&self, name: &str) -> &Task {
        self.tasks.iter().find(|task| task.name == name).unwrap()
    }

    fn sources(&self, join: &str) -> BTreeSet<&str> {
        self.ways.iter().filter(|way| way.to == join).map(|way| way.from.as_str()).collect()
    }

    /// The transition that the request takes; times and uses are left to the other two.
    ///
    /// # Errors
    /// The rule that it would break.
    pub fn judge(&self, history: &History, request: &Request) -> Result<Taken, Rule> {
        if request.tokens.is_empty() { self.judge_start(request) } else { self.judge_step(history, request) }
    }

    /// The task that the application runs is the path's, at this workload.
    fn runs(&self, request: &Request, task: &str) -> bool {
        let task = self.task(task);
        task.path == request.path && task.performers.contains(&request.gate)
    }

    fn judge_start(&self, request: &Request) -> Result<Taken, Rule> {
        let initial = |way: &Way| self.task(&way.from).initial && !way.via;
        let begins = |way: &Way| initial(way) && way.callers.contains(&request.peer);
        if !self.ways.iter().any(begins) {
            return Err(Rule::Initiator);
        }
        let mut found = (0..).zip(&self.ways).filter(|(_, way)| begins(way) && self.runs(request, &way.to));
        match (found.next(), found.next()) {
            (Some((way, _)), None) => {
                let taken = Taken { way, parents: vec![], parent: String::new(), begins: true };
                self.judge_performers(&History::default(), request, &taken).map(|()| taken)
            }
            (Some(_), Some(_)) => Err(Rule::Ambiguous),
            (None, _) => Err(Rule::Order),
        }
    }

    fn judge_step(&self, history: &History, request: &Request) -> Result<Taken, Rule> {
        let tokens: Vec<_> = request.tokens.iter().map(|&token| history.tokens.value(token)).collect();
        let arrivals: Vec<_> = request.tokens.iter().map(|&token| history.arrival_of(token)).collect();
        let first = arrivals.first().unwrap();
        if arrivals
            .iter()
            .any(|one| one.claimed && !self.task(&one.task).performers.iter().any(|p| self.rogue.contains(p)))
        {
            return Err(Rule::Issuer);
        }
        if tokens.iter().any(|token| token.holder != request.peer) {
            return Err(Rule::Holder);
        }
        if arrivals.iter().any(|one| (&one.task, &one.instance) != (&first.task, &first.instance)) {
            return Err(Rule::Mixed);
        }
        let at = self.task(&first.task);
        let leads = |(_, way): &(usize, &Way)| way.from == at.name && self.runs(request, &way.to);
        let (way, leading) = (0..).zip(&self.ways).find(leads).ok_or(Rule::Order)?;
        if !leading.callers.contains(&request.peer) {
            return Err(Rule::Caller);
        }
        let kind = if leading.via { Kind::Receipt } else { Kind::Arrival };
        if tokens.iter().any(|token| token.kind != kind) {
            return Err(Rule::Receipt);
        }
        let parent = if at.joins { self.judge_join(history, &arrivals, &at.name)? } else { first.name.clone() };
        if !at.joins && arrivals.len() > 1 {
            return Err(Rule::Mixed);
        }
        let parents: Vec<ArrivalId> = tokens.iter().map(|token| token.arrival).collect();
        if let Some(most) = self.task(&leading.to).max_visits {
            let before = parents.iter().map(|&parent| visits(history, parent, &leading.to)).max().unwrap_or(0);
            if before >= most {
                return Err(Rule::Visits);
            }
        }
        let taken = Taken { way, parents, parent, begins: first.parents.is_empty() && at.initial };
        self.judge_performers(history, request, &taken).map(|()| taken)
    }

    /// The name of the round.
    fn judge_join(&self, history: &History, arrivals: &[std::sync::Arc<Arrival>], join: &str) -> Result<String, Rule> {
        let from = |arrival: &Arrival| {
            arrival.parents.iter().map(|&p| history.arrivals.value(p).task.clone()).collect::<BTreeSet<_>>()
        };
        let shown: Vec<String> = arrivals.iter().flat_map(|arrival| from(arrival)).collect();
        let each: BTreeSet<&str> = shown.iter().map(String::as_str).collect();
        if each != self.sources(join) || shown.len() != each.len() {
            return Err(Rule::Incomplete);
        }
        let rounds: BTreeSet<String> =
            arrivals.iter().flat_map(|arrival| self.rounds(history, arrival, join)).collect();
        match rounds.len() {
            1 => Ok(format!("{}@{join}", rounds.first().unwrap())),
            _ => Err(Rule::Rounds),
        }
    }

    /// The rounds of a join from which an arrival descends: the nearest arrivals at its fork. Where the fork is a join
    /// itself, what leaves one round of it begins one round.
    fn rounds(&self, history: &History, arrival: &Arrival, join: &str) -> BTreeSet<String> {
        let fork = self.forks.iter().find(|(one, _)| *one == join).map(|(_, fork)| *fork).unwrap();
        let mut rounds = BTreeSet::new();
        for &parent in &arrival.parents {
            let parent = history.arrivals.value(parent);
            if parent.task != fork {
                rounds.extend(self.rounds(history, &parent, join));
            } else if self.task(fork).joins {
                rounds.extend(self.rounds(history, &parent, fork).iter().map(|round| format!("{round}@{fork}")));
            } else {
                rounds.insert(parent.name.clone());
            }
        }
        rounds
    }

    /// Constraints hold along a branch, from arrival to arrival.
    fn judge_performers(&self, history: &History, request: &Request, taken: &Taken) -> Result<(), Rule> {
        let way = self.way(taken.way);
        let mut done: BTreeSet<(String, Workload)> = [(way.to.clone(), request.gate)].into();
        if taken.parents.is_empty() {
            done.insert((way.from.clone(), request.peer));
        }
        taken.parents.iter().for_each(|&parent| performers(history, parent, &mut done));
        for (relation, tasks) in &self.constraints {
            let among: Vec<&(String, Workload)> = done.iter().filter(|(task, _)| tasks.contains(task)).collect();
            let breaks = |one: &&(String, Workload), other: &&(String, Workload)| match relation {
                Relation::Separate => one.0 != other.0 && one.1 == other.1,
                Relation::Bind => one.1 != other.1,
            };
            if among.iter().any(|one| among.iter().any(|other| breaks(one, other))) {
                return Err(Rule::Constraint);
            }
        }
        Ok(())
    }

    /// Whether the times allow it. Clocks differ by one unit at most: the leeway.
    ///
    /// # Errors
    /// The rule that it would break by any clocks.
    pub fn may_now(&self, history: &History, taken: &Taken, now: u8) -> Result<(), Rule> {
        let times = self.times(history, taken, now);
        if times.lives.iter().any(|&(age, life)| u16::from(age) >= u16::from(life) + 2) {
            return Err(Rule::Expired);
        }
        if times.instance.is_some_and(|(age, life)| u16::from(age) > u16::from(life)) {
            return Err(Rule::Deadline);
        }
        let way = self.way(taken.way);
        if way.after.is_some_and(|after| times.ages.iter().any(|&age| age < after)) {
            return Err(Rule::Early);
        }
        if way.within.is_some_and(|within| times.ages.iter().all(|&age| age > within + 2)) {
            return Err(Rule::Late);
        }
        Ok(())
    }

    /// Whether the times allow it by any clocks.
    pub fn must_now(&self, history: &History, taken: &Taken, now: u8) -> bool {
        let times = self.times(history, taken, now);
        let way = self.way(taken.way);
        times.lives.iter().all(|&(age, life)| age < life)
            && times.instance.is_none_or(|(age, life)| u16::from(age) + 1 < u16::from(life))
            && way.after.is_none_or(|after| times.ages.iter().all(|&age| age >= after + 2))
            && way.within.is_none_or(|within| times.ages.iter().any(|&age| age <= within))
    }

    fn times(&self, history: &History, taken: &Taken, now: u8) -> Times {
        let parents: Vec<_> = taken.parents.iter().map(|&parent| history.arrivals.value(parent)).collect();
        let mut lives = Vec::new();
        parents.iter().for_each(|parent| self.lives(history, parent, now, &mut lives));
        Times {
            lives,
            instance: parents.first().map(|parent| (now - began(history, parent), self.task(&parent.task).deadline)),
            ages: parents.iter().map(|parent| now - parent.time).collect(),
        }
    }

    /// Ages and lives of all on which the life of an arrival depends: what leaves a join ends with the first of its evidence.
    fn lives(&self, history: &History, arrival: &Arrival, now: u8, lives: &mut Vec<(u8, u8)>) {
        lives.push((now - arrival.time, self.task(&arrival.task).ttl));
        if arrival.parents.len() > 1 {
            arrival.parents.iter().for_each(|&p| self.lives(history, &history.arrivals.value(p), now, lives));
        }
    }
}

/// Ages, in units.
struct Times {
    /// With the life that each may have.
    lives: Vec<(u8, u8)>,
    /// Of the instance, with its deadline.
    instance: Option<(u8, u8)>,
    /// Of the evidence.
    ages: Vec<u8>,
}

fn place(list: &[String], value: &str) -> u8 {
    u8::try_from(list.iter().position(|one| one == value).unwrap()).unwrap()
}

fn began(history: &History, arrival: &Arrival) -> u8 {
    arrival.parents.first().map_or(arrival.time, |&parent| began(history, &history.arrivals.value(parent)))
}

/// How often a branch has entered the task.
fn visits(history: &History, arrival: ArrivalId, task: &str) -> u32 {
    let arrival = history.arrivals.value(arrival);
    let before = arrival.parents.iter().map(|&parent| visits(history, parent, task)).max().unwrap_or(0);
    before + u32::from(arrival.task == task)
}

fn performers(history: &History, arrival: ArrivalId, done: &mut BTreeSet<(String, Workload)>) {
    let arrival = history.arrivals.value(arrival);
    done.insert((arrival.task.clone(), arrival.performer));
    arrival.parents.iter().for_each(|&parent| performers(history, parent, done));
}
