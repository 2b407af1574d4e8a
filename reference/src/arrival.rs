//! Entering a task: what must hold of the ancestry, and what is remembered.

use super::request::Request;
use super::{Reader, has};
use crate::document::Edge;

/// Somebody has come to a task.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The task.
    pub task: String,
    /// The task before; none at a beginning.
    pub from: Option<String>,
    /// The arrivals that led here.
    pub parents: Vec<usize>,
    /// The name of what was left: the parent, at a join its round.
    pub(super) left: String,
    /// What the arrival is called. Two replicas that were shown the same make two arrivals of one name.
    pub(super) name: String,
    /// Who performs the task here.
    pub performer: String,
    /// Which instance.
    pub instance: usize,
    /// When its token ends.
    pub exp: u64,
    /// When the instance ends.
    pub dl: u64,
}

/// What a permitted request brings.
#[derive(Debug, Clone)]
pub struct Arrived {
    /// The new arrival.
    pub arrival: usize,
    /// At a start, the initiator's.
    pub start: Option<usize>,
    /// Whether the caller is given a receipt.
    pub receipt: bool,
    /// Of how many tokens a join was left; else 1.
    pub evidence: usize,
}

impl Reader<'_> {
    pub(super) fn enter(
        &mut self,
        request: &Request,
        edge: &Edge,
        evidence: &[usize],
        start: Option<usize>,
    ) -> Result<Arrived, &'static str> {
        let parents: Vec<&Arrival> = evidence.iter().filter_map(|number| self.arrivals.get(*number)).collect();
        let first = parents.first().ok_or("INTERNAL")?;
        let (instance, dl) = (first.instance, parents.iter().map(|parent| parent.dl).min().unwrap_or_default());
        if request.now >= dl {
            return Err("DEADLINE");
        }
        let mut exp = request.now.saturating_add(self.document.task_ttl).min(dl);
        if parents.len() > 1 {
            exp = parents.iter().map(|parent| parent.exp).fold(exp, u64::min);
        }
        if request.now >= exp {
            return Err("EXPIRED");
        }
        let bound = self.document.tasks.get(&edge.to).and_then(|task| task.max_visits);
        if bound.is_some_and(|bound| self.visits(evidence, &edge.to) >= bound) {
            return Err("TOO_MANY_VISITS");
        }
        if !self.keeps_constraints(evidence, &edge.to, &request.gate) {
            return Err("CONSTRAINT");
        }
        if !self.is_complete(evidence, &edge.from) {
            return Err("JOIN_INCOMPLETE");
        }
        let left = self.left(evidence, &edge.from);
        let replica = format!("{} {}", request.gate, request.replica);
        if !self.taken.insert((replica, left.clone(), edge.from.clone(), edge.to.clone())) {
            return Err("ALREADY_TAKEN");
        }
        let arrival = self.arrivals.len();
        self.arrivals.push(Arrival {
            task: edge.to.clone(),
            from: Some(edge.from.clone()),
            parents: evidence.to_vec(),
            name: format!("{left} > {}", edge.to),
            left,
            performer: request.gate.clone(),
            instance,
            exp,
            dl,
        });
        let carried_on = self.document.leaving(&edge.to);
        let by_peer = |next: &Edge| self.document.has_via(next) && has(self.document.callers(next), &request.peer);
        Ok(Arrived { arrival, start, receipt: carried_on.iter().any(by_peer), evidence: evidence.len() })
    }
}
