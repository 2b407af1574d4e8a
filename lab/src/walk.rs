//! Walks: whole instances, from a start along every transition that its tokens allow. Each application hands on what it
//! received. If actors have several workloads, an instance goes through each in turn, and another replica of the same
//! identity hands on what one received.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use stepgate_config::entries;
use stepgate_config::name::TaskName;
use stepgate_config::workflow::{Task, Transition, Workflow};
use stepgate_reference::{Arrival, Kind, Permitted, Reader, Shown, Span, Token};

use super::LabError;
use super::attempt::{Answer, Attempt, Sender};
use super::expected::Expected;
use super::fixture::Fixture;
use super::transport::Gates;
use super::workloads::Workload;

/// Most hops of one instance: loops are bounded by the document, and by this.
pub(super) const MAX_HOPS: usize = 200;
/// Most instances from one start, however many workloads an actor has.
const MAX_TURNS: usize = 16;

/// One hop.
pub(super) struct Hop {
    pub(super) transition: Arc<Transition>,
    pub(super) from: Arc<Workload>,
    pub(super) to: Arc<Workload>,
    pub(super) method: String,
    pub(super) path: String,
    /// How many tokens it showed.
    pub(super) shown: usize,
    pub(super) expected: Expected,
    pub(super) answer: Answer,
    /// Whether the answer is what the document says.
    pub(super) right: bool,
    pub(super) took: Duration,
}

/// One instance.
pub(super) struct Walk {
    pub(super) start: Arc<Task>,
    pub(super) hops: Vec<Hop>,
    /// Whether it was cut after [`MAX_HOPS`].
    pub(super) cut: bool,
    /// The transitions that leave joins of which some evidence did not come, and the reference's code for that.
    pub(super) unfinished: Vec<(Arc<Transition>, &'static str)>,
}

impl Walk {
    /// A task that the instance entered more often than the document lets it: how often, and how often it may.
    pub(super) fn too_often(&self, workflow: &Workflow) -> Option<(TaskName, u64, u64)> {
        let most = entries::most(workflow)?;
        let mut entered: BTreeMap<&TaskName, u64> = BTreeMap::new();
        for hop in self.hops.iter().filter(|hop| hop.answer.reached) {
            let count = entered.entry(&hop.transition.to.name).or_default();
            *count = count.saturating_add(1);
        }
        let too_often = |(task, count): (&TaskName, u64)| {
            let most = most.get(task).copied().filter(|most| count > *most)?;
            Some((task.clone(), count, most))
        };
        entered.into_iter().find_map(too_often)
    }
}

/// From each initial task one instance through each workload of the actor that has most.
pub(super) fn all(fixture: &Fixture, gates: &dyn Gates) -> Result<Vec<Walk>, LabError> {
    let initial: Vec<_> = fixture.workflow.tasks.values().filter(|task| task.initial).collect();
    let turns = fixture.workloads.turns().clamp(1, MAX_TURNS);
    let mut reader = fixture.reader.fresh();
    let mut walks = Vec::new();
    for (start, turn) in initial.iter().flat_map(|start| (0..turns).map(move |turn| (*start, turn))) {
        let mut walker =
            Walker { fixture, gates, reader: &mut reader, turn, hops: Vec::new(), waiting: BTreeMap::new() };
        let cut = walker.walk(start)?;
        let unfinished = if cut { Vec::new() } else { walker.unfinished() };
        walks.push(Walk { start: Arc::clone(start), hops: walker.hops, cut, unfinished });
    }
    Ok(walks)
}

/// Seconds by which a transition is taken later than it opens: a gate may read its clock in the next second.
const MARGIN: u64 = 2;

/// A task that the instance has reached, and the steps with which its application, and its caller, may go on.
#[derive(Clone)]
struct Reached {
    at: Arc<Task>,
    performer: Arc<Workload>,
    caller: Arc<Workload>,
    arrival: Vec<Shown>,
    receipt: Vec<Shown>,
}

/// An instance on its way.
struct Walker<'a> {
    fixture: &'a Fixture,
    gates: &'a dyn Gates,
    reader: &'a mut Reader,
    turn: usize,
    hops: Vec<Hop>,
    /// At each join, the evidence that has come so far, by source.
    waiting: BTreeMap<TaskName, BTreeMap<TaskName, Reached>>,
}

impl Walker<'_> {
    /// Goes as far as the instance may; true, if it was cut.
    fn walk(&mut self, start: &Arc<Task>) -> Result<bool, LabError> {
        let mut ahead = VecDeque::new();
        if let Some(initiator) = self.fixture.workloads.turn(&start.performer, self.turn) {
            let (performer, caller) = (Arc::clone(initiator), Arc::clone(initiator));
            let at = Arc::clone(start);
            ahead.push_back(Reached { at, performer, caller, arrival: Vec::new(), receipt: Vec::new() });
        }
        let mut later: Vec<(u64, &Arc<Transition>, Reached)> = Vec::new();
        loop {
            while let Some(mut reached) = ahead.pop_front() {
                let at = Arc::clone(&reached.at);
                for transition in self.fixture.workflow.transitions.iter().filter(|t| t.from.name == at.name) {
                    if let Some(opens) = self.opens(transition, &reached) {
                        later.push((opens, transition, reached.clone()));
                        continue;
                    }
                    if self.hops.len() >= MAX_HOPS {
                        return Ok(true);
                    }
                    let (next, start) = self.take(transition, &reached)?;
                    ahead.extend(next.into_iter().flat_map(|next| self.gather(transition, next)));
                    // The initiator goes on in the same instance.
                    if let Some(start) = start {
                        reached.arrival = vec![start];
                    }
                }
            }
            // All that can be done now is done: the instance waits for what opens first.
            let first = later.iter().enumerate().min_by_key(|(_, (opens, ..))| *opens).map(|(at, _)| at);
            let Some((opens, transition, reached)) = first.map(|first| later.remove(first)) else { return Ok(false) };
            if self.hops.len() >= MAX_HOPS {
                return Ok(true);
            }
            let wait = opens.saturating_add(MARGIN).saturating_sub(self.fixture.now());
            if wait > 0 {
                self.gates.pass(wait)?;
            }
            let (next, _) = self.take(transition, &reached)?;
            ahead.extend(next.into_iter().flat_map(|next| self.gather(transition, next)));
        }
    }

    /// When the transition opens, if it has an `after`.
    fn opens(&self, transition: &Transition, reached: &Reached) -> Option<u64> {
        let steps = if transition.via { &reached.receipt } else { &reached.arrival };
        let arrivals: Vec<_> = steps.iter().filter_map(Shown::token).map(|token| Arc::clone(&token.arrival)).collect();
        let leeway = self.fixture.leeway(&transition.to.performer);
        transition.after.filter(|_| self.fixture.signed()).map(|_| Span::of(transition, &arrivals, leeway).first)
    }

    /// What the reference says of leaving each join with the evidence that did come.
    fn unfinished(&mut self) -> Vec<(Arc<Transition>, &'static str)> {
        let waiting = std::mem::take(&mut self.waiting);
        let mut found = Vec::new();
        for partial in waiting.into_values().filter_map(merged) {
            for transition in self.fixture.workflow.transitions.iter().filter(|t| t.from.name == partial.at.name) {
                let (_, attempt) = self.attempt(transition, &partial);
                let decided = self.fixture.decide(self.reader, &attempt);
                found.extend(decided.err().map(|denied| (Arc::clone(transition), denied.code())));
            }
        }
        found
    }

    /// At a join the instance goes on only once all evidence is there; from a task at once, and from several tasks once all of
    /// them are reached.
    fn gather(&mut self, transition: &Transition, reached: Reached) -> Vec<Reached> {
        let at = Arc::clone(&reached.at);
        if self.fixture.signed() && self.fixture.workflow.joins.contains_key(&at.name) {
            return self.whole(&at, &transition.from.name, reached).into_iter().collect();
        }
        let joins = several(&self.fixture.workflow).filter(|join| join.sources().iter().any(|one| one.name == at.name));
        let joins: Vec<Arc<Task>> = joins.map(|join| Arc::clone(&join.from)).collect();
        let together =
            |join: &Arc<Task>| self.whole(join, &at.name, Reached { at: Arc::clone(join), ..reached.clone() });
        let together: Vec<Reached> = joins.iter().filter_map(together).collect();
        std::iter::once(reached).chain(together).collect()
    }

    /// All evidence of a join, if with this part of it all is there.
    fn whole(&mut self, join: &Task, source: &TaskName, reached: Reached) -> Option<Reached> {
        let sources = self.fixture.workflow.joins.get(&join.name)?.sources.len();
        let evidence = self.waiting.entry(join.name.clone()).or_default();
        evidence.insert(source.clone(), reached);
        if evidence.len() < sources {
            return None;
        }
        merged(self.waiting.remove(&join.name)?)
    }

    /// The request that takes the transition from where the instance is, and who sends it.
    fn attempt(&self, transition: &Arc<Transition>, reached: &Reached) -> (Arc<Workload>, Attempt) {
        let (holder, steps) =
            if transition.via { (&reached.caller, &reached.receipt) } else { (&reached.performer, &reached.arrival) };
        let from = self.replica_of(holder, transition);
        let attempt = |to: &Arc<Workload>| Attempt {
            steps: steps.clone(),
            ..self.fixture.attempt(Sender::Workload(Arc::clone(&from)), to, &transition.to)
        };
        let attempt = attempt(&self.receiver(transition, &attempt, &from));
        (from, attempt)
    }

    /// One hop: what it reaches, and the initiator's step if it begins an instance.
    fn take(
        &mut self,
        transition: &Arc<Transition>,
        reached: &Reached,
    ) -> Result<(Option<Reached>, Option<Shown>), LabError> {
        let (from, attempt) = self.attempt(transition, reached);
        let decided = self.fixture.decide(self.reader, &attempt);
        let begun = Instant::now();
        let answer = self.gates.answer(&attempt)?;
        let took = begun.elapsed();
        let expected = Expected::from(&decided);
        let right = expected.is(&answer, &attempt);
        let path = attempt.target();
        let Attempt { to, method, steps, .. } = attempt;
        let mut next = (None, None);
        if let (true, Ok(Permitted::Transition(arrived))) = (answer.reached, decided) {
            let shown = |text: &Option<String>, arrival: &Arc<Arrival>, holder: &Workload, kind| {
                let (text, arrival, holder) = (text.clone()?, Arc::clone(arrival), holder.id.clone());
                let token = Token { text, arrival, holder, kind, flaw: None };
                Some(if self.fixture.signed() { Shown::Token(token) } else { Shown::Text(token.text) })
            };
            next.1 = arrived.start.as_ref().and_then(|start| shown(&answer.start, start, &from, Kind::Arrival));
            next.0 = Some(Reached {
                at: Arc::clone(&transition.to),
                performer: Arc::clone(&to),
                caller: Arc::clone(&from),
                arrival: shown(&answer.step, &arrived.arrival, &to, Kind::Arrival).into_iter().collect(),
                receipt: shown(&answer.receipt, &arrived.arrival, &from, Kind::Receipt).into_iter().collect(),
            });
        }
        let transition = Arc::clone(transition);
        self.hops.push(Hop { transition, from, to, method, path, shown: steps.len(), expected, answer, right, took });
        Ok(next)
    }

    /// A workload of the holder's identity, in turn: an identity holds a step, not one replica.
    fn replica_of(&self, holder: &Arc<Workload>, transition: &Transition) -> Arc<Workload> {
        let all = self.fixture.workloads.of_actor(&transition.caller);
        let same: Vec<_> = all.iter().filter(|one| one.id == holder.id).collect();
        let turn = self.turn.saturating_add(1).checked_rem(same.len()).unwrap_or_default();
        let first = self.fixture.workloads.turn(&transition.caller, 0);
        Arc::clone(same.get(turn).copied().or(first).unwrap_or(holder))
    }

    /// The workload whose turn it is; where constraints separate duties, the next one that may. All evidence of a join
    /// goes to one identity.
    fn receiver(
        &self,
        transition: &Transition,
        attempt: &dyn Fn(&Arc<Workload>) -> Attempt,
        otherwise: &Arc<Workload>,
    ) -> Arc<Workload> {
        let actor = &transition.to.performer;
        let gathered = self.waiting.get(&transition.to.name).and_then(|evidence| evidence.values().next());
        let count = self.fixture.workloads.of_actor(actor).len();
        let in_turn = (0..count).filter_map(|more| self.fixture.workloads.turn(actor, self.turn.saturating_add(more)));
        let fitting: Vec<_> = in_turn.filter(|to| gathered.is_none_or(|one| one.performer.id == to.id)).collect();
        let may = |to: &Arc<Workload>| self.fixture.decide(&mut self.reader.fresh(), &attempt(to)).is_ok();
        let open = fitting.iter().find(|to| fitting.len() < 2 || may(to));
        Arc::clone(open.or(fitting.first()).copied().unwrap_or(otherwise))
    }
}

/// Of each several tasks that are left together, the first transition.
pub(super) fn several(workflow: &Workflow) -> impl Iterator<Item = &Arc<Transition>> {
    let mut seen = BTreeSet::new();
    workflow.transitions.iter().filter(move |t| t.sources().len() > 1 && seen.insert(&t.from.name))
}

/// All evidence of a join as what one workload holds there.
fn merged(evidence: BTreeMap<TaskName, Reached>) -> Option<Reached> {
    let mut all = evidence.into_values();
    let mut whole = all.next()?;
    for one in all {
        whole.arrival.extend(one.arrival);
        whole.receipt.extend(one.receipt);
    }
    Some(whole)
}
