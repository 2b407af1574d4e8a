//! Whole instances: from a start along every transition that its tokens allow, each application
//! handing on what it received.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use stepgate_config::workflow::{Actor, Task, Transition};

use super::LabError;
use super::attempt::{Answer, Attempt, request_of};
use super::oracle::denial;
use super::setting::Setting;
use super::style::Progress;
use crate::mesh::Mesh;

/// Most hops of one instance: loops are bounded by the document, and by this.
const MAX_HOPS: usize = 200;

/// One hop.
pub(super) struct Hop {
    pub(super) transition: Arc<Transition>,
    pub(super) from: Arc<Actor>,
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

/// One instance from each initial task.
pub(super) fn all(setting: &Setting, mesh: &Mesh, progress: &Progress) -> Result<Vec<Journey>, LabError> {
    let initial: Vec<_> = setting.workflow.tasks.values().filter(|task| task.initial).cloned().collect();
    initial.into_iter().map(|start| travel(setting, mesh, start, progress)).collect()
}

/// An arrival: what its application, and its caller, may go on with.
struct Arrived {
    at: Arc<Task>,
    arrival: Vec<String>,
    receipt: Vec<String>,
}

/// The evidence that has come to a join so far, by source.
type Evidence = BTreeMap<String, (Option<String>, Option<String>)>;

fn travel(setting: &Setting, mesh: &Mesh, start: Arc<Task>, progress: &Progress) -> Result<Journey, LabError> {
    let (mut hops, mut waiting) = (Vec::new(), BTreeMap::<String, Evidence>::new());
    let begin = Arrived { at: Arc::clone(&start), arrival: Vec::new(), receipt: Vec::new() };
    let mut ahead = VecDeque::from([begin]);
    while let Some(mut arrived) = ahead.pop_front() {
        let at = Arc::clone(&arrived.at);
        for transition in setting.workflow.transitions.iter().filter(|t| t.from.name == at.name) {
            if hops.len() >= MAX_HOPS {
                return Ok(Journey { start, hops });
            }
            let steps = if transition.via { arrived.receipt.clone() } else { arrived.arrival.clone() };
            let hop = take(setting, mesh, transition, steps)?;
            progress.count("hops", hops.len().saturating_add(1));
            if hop.answer.reached {
                ahead.extend(arrive(setting, transition, &hop.answer, &mut waiting));
                // Whoever has begun goes on in the same instance.
                if let Some(token) = &hop.answer.start {
                    arrived.arrival = vec![token.clone()];
                }
            }
            hops.push(hop);
        }
    }
    Ok(Journey { start, hops })
}

/// Where the instance has come to: at a join only once all its evidence is there.
fn arrive(
    setting: &Setting,
    transition: &Transition,
    answer: &Answer,
    waiting: &mut BTreeMap<String, Evidence>,
) -> Option<Arrived> {
    let at = Arc::clone(&transition.to);
    let Some(join) = setting.workflow.joins.get(&at.name).filter(|_| setting.key.is_some()) else {
        let one = |token: &Option<String>| token.iter().cloned().collect();
        return Some(Arrived { at, arrival: one(&answer.step), receipt: one(&answer.receipt) });
    };
    let evidence = waiting.entry(at.name.to_string()).or_default();
    evidence.insert(transition.from.name.to_string(), (answer.step.clone(), answer.receipt.clone()));
    if evidence.len() < join.sources.len() {
        return None;
    }
    let (arrival, receipt): (Vec<_>, Vec<_>) = std::mem::take(evidence).into_values().unzip();
    let all = |tokens: Vec<Option<String>>| tokens.into_iter().flatten().collect();
    Some(Arrived { at, arrival: all(arrival), receipt: all(receipt) })
}

fn take(setting: &Setting, mesh: &Mesh, transition: &Arc<Transition>, steps: Vec<String>) -> Result<Hop, LabError> {
    let (method, path, host) = request_of(&transition.to);
    let attempt = Attempt {
        from: Arc::clone(&transition.carrier),
        to: Arc::clone(&transition.to.performer),
        method: method.clone(),
        path: path.clone(),
        host,
        steps,
    };
    let code = denial(setting, &attempt);
    let begun = Instant::now();
    let answer = attempt.send(mesh)?;
    let took = begun.elapsed();
    let from = Arc::clone(&transition.carrier);
    Ok(Hop { transition: Arc::clone(transition), from, method, path, shown: attempt.steps.len(), code, answer, took })
}
