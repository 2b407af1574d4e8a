//! Whole instances: from a start along every transition that its tokens allow, each application
//! handing on what it received. Where actors have several workloads, an instance goes through each in turn, and
//! what one replica received another of the same identity hands on.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use stepgate_config::name::TaskName;
use stepgate_config::workflow::{Task, Transition};

use super::LabError;
use super::attempt::{Answer, Attempt, Sender};
use super::cast::Member;
use super::oracle::Oracle;
use super::setting::Setting;
use super::style::Progress;
use super::wire::Gates;

/// Most hops of one instance: loops are bounded by the document, and by this.
const MAX_HOPS: usize = 200;
/// Most instances from one start, however many workloads an actor has.
const MAX_TURNS: usize = 16;

/// One hop.
pub(super) struct Hop {
    pub(super) transition: Arc<Transition>,
    pub(super) from: Arc<Member>,
    pub(super) to: Arc<Member>,
    pub(super) method: String,
    pub(super) path: String,
    /// How many tokens it showed.
    pub(super) shown: usize,
    /// The code that the decision gives natively: guards depend on the time.
    pub(super) code: Option<String>,
    pub(super) answer: Answer,
    pub(super) took: Duration,
}

impl Hop {
    /// Whether the answer is what the decision says, and the application saw a step at level `signed`.
    pub(super) fn right(&self) -> bool {
        match &self.code {
            None => self.answer.reached && self.answer.step.is_some(),
            Some(code) => !self.answer.reached && self.answer.code.as_ref() == Some(code),
        }
    }
}

/// One instance.
pub(super) struct Journey {
    pub(super) start: Arc<Task>,
    pub(super) hops: Vec<Hop>,
}

/// From each initial task one instance through each workload of the actor that has most.
pub(super) fn all(setting: &Setting, gates: &dyn Gates, progress: &Progress) -> Result<Vec<Journey>, LabError> {
    let oracle = Oracle::new(setting);
    let initial: Vec<_> = setting.workflow.tasks.values().filter(|task| task.initial).collect();
    let turns = setting.cast.turns().clamp(1, MAX_TURNS);
    let mut journeys = Vec::new();
    for (start, turn) in initial.iter().flat_map(|start| (0..turns).map(move |turn| (*start, turn))) {
        let traveller = Traveller { setting, gates, oracle: &oracle, progress, turn };
        journeys.push(traveller.travel(start)?);
    }
    Ok(journeys)
}

/// An arrival: what its application, and its caller, may go on with.
struct Arrived {
    at: Arc<Task>,
    performer: Arc<Member>,
    caller: Arc<Member>,
    arrival: Vec<String>,
    receipt: Vec<String>,
}

/// The evidence that has come to a join so far, by source.
type Evidence = BTreeMap<String, (Option<String>, Option<String>)>;

/// Who travels, and how it is judged.
struct Traveller<'a> {
    setting: &'a Setting,
    gates: &'a dyn Gates,
    oracle: &'a Oracle<'a>,
    progress: &'a Progress,
    turn: usize,
}

impl Traveller<'_> {
    fn travel(&self, start: &Arc<Task>) -> Result<Journey, LabError> {
        let (mut hops, mut waiting) = (Vec::new(), BTreeMap::<TaskName, (Arc<Member>, Evidence)>::new());
        let mut ahead = VecDeque::new();
        if let Some(initiator) = self.setting.cast.turn(&start.performer, self.turn) {
            let (performer, caller) = (Arc::clone(initiator), Arc::clone(initiator));
            let at = Arc::clone(start);
            ahead.push_back(Arrived { at, performer, caller, arrival: Vec::new(), receipt: Vec::new() });
        }
        while let Some(mut arrived) = ahead.pop_front() {
            let at = Arc::clone(&arrived.at);
            for transition in self.setting.workflow.transitions.iter().filter(|t| t.from.name == at.name) {
                if hops.len() >= MAX_HOPS {
                    return Ok(Journey { start: Arc::clone(start), hops });
                }
                let gathered = waiting.get(&transition.to.name).map(|(at, _)| Arc::clone(at));
                let hop = self.take(transition, &arrived, gathered)?;
                self.progress.count("hops", hops.len().saturating_add(1));
                if hop.answer.reached {
                    ahead.extend(self.arrive(&hop, &mut waiting));
                    // Whoever has begun goes on in the same instance.
                    if let Some(token) = &hop.answer.start {
                        arrived.arrival = vec![token.clone()];
                    }
                }
                hops.push(hop);
            }
        }
        Ok(Journey { start: Arc::clone(start), hops })
    }

    /// Where the instance has come to: at a join only once all its evidence is there.
    fn arrive(&self, hop: &Hop, waiting: &mut BTreeMap<TaskName, (Arc<Member>, Evidence)>) -> Option<Arrived> {
        let at = Arc::clone(&hop.transition.to);
        let (performer, caller) = (Arc::clone(&hop.to), Arc::clone(&hop.from));
        let answer = &hop.answer;
        let Some(join) = self.setting.workflow.joins.get(&at.name).filter(|_| self.setting.signed()) else {
            let one = |token: &Option<String>| token.iter().cloned().collect();
            return Some(Arrived { at, performer, caller, arrival: one(&answer.step), receipt: one(&answer.receipt) });
        };
        let (_, evidence) = waiting.entry(at.name.clone()).or_insert_with(|| (Arc::clone(&performer), Evidence::new()));
        evidence.insert(hop.transition.from.name.to_string(), (answer.step.clone(), answer.receipt.clone()));
        if evidence.len() < join.sources.len() {
            return None;
        }
        let (_, evidence) = waiting.remove(&at.name)?;
        let (arrival, receipt): (Vec<_>, Vec<_>) = evidence.into_values().unzip();
        let all = |tokens: Vec<Option<String>>| tokens.into_iter().flatten().collect();
        Some(Arrived { at, performer, caller, arrival: all(arrival), receipt: all(receipt) })
    }

    /// One hop; `gathered`: where evidence for the join ahead already waits.
    fn take(
        &self,
        transition: &Arc<Transition>,
        arrived: &Arrived,
        gathered: Option<Arc<Member>>,
    ) -> Result<Hop, LabError> {
        let (holder, steps) =
            if transition.via { (&arrived.caller, &arrived.receipt) } else { (&arrived.performer, &arrived.arrival) };
        let from = self.replica_of(holder, transition);
        let attempt = |to: &Arc<Member>| Attempt {
            steps: steps.clone(),
            ..Attempt::of(Sender::Member(Arc::clone(&from)), to, &transition.to)
        };
        let attempt = attempt(&self.receiver(transition, gathered.as_ref(), &attempt, &from));
        let code = self.oracle.code(&attempt);
        let begun = Instant::now();
        let answer = self.gates.answer(&attempt)?;
        let took = begun.elapsed();
        let Attempt { to, method, path, steps, .. } = attempt;
        let transition = Arc::clone(transition);
        Ok(Hop { transition, from, to, method, path, shown: steps.len(), code, answer, took })
    }

    /// A workload of the holder's identity, in turn: a step is held by an identity, not by one replica.
    fn replica_of(&self, holder: &Arc<Member>, transition: &Transition) -> Arc<Member> {
        let seats = self.setting.cast.of_actor(&transition.caller);
        let same: Vec<_> = seats.iter().filter(|member| member.id == holder.id).collect();
        let turn = self.turn.saturating_add(1).checked_rem(same.len()).unwrap_or_default();
        let first = self.setting.cast.turn(&transition.caller, 0);
        Arc::clone(same.get(turn).copied().or(first).unwrap_or(holder))
    }

    /// The workload whose turn it is; where duties are held apart the next one that may. All evidence of a join goes
    /// to one identity.
    fn receiver(
        &self,
        transition: &Transition,
        gathered: Option<&Arc<Member>>,
        attempt: &dyn Fn(&Arc<Member>) -> Attempt,
        otherwise: &Arc<Member>,
    ) -> Arc<Member> {
        let actor = &transition.to.performer;
        let count = self.setting.cast.of_actor(actor).len();
        let in_turn = (0..count).filter_map(|more| self.setting.cast.turn(actor, self.turn.saturating_add(more)));
        let fitting: Vec<_> = in_turn.filter(|to| gathered.is_none_or(|one| one.id == to.id)).collect();
        let lone = fitting.len() < 2;
        let open = fitting.iter().find(|to| lone || self.oracle.fresh_code(&attempt(to)).is_none());
        Arc::clone(open.or(fitting.first()).copied().unwrap_or(otherwise))
    }
}
