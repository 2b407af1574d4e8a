//! The context of an attack: one transition, with the workload that may carry it and the one that receives it.

use std::sync::Arc;

use stepgate_config::duration::whole_seconds;
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Task, Transition, Workflow};
use stepgate_reference::{Arrival, Claims, Flaw, Kind, Shown};

use super::LabError;
use super::attempt::{Attempt, Sender};
use super::fixture::Fixture;
use super::workloads::Workload;

/// Seconds by which an honest request comes later than its transition opens: the gate reads its clock after the lab.
const MARGIN: u64 = 2;

/// The context of an attack.
#[derive(Clone, Copy)]
pub(super) struct AttackContext<'a> {
    pub(super) fixture: &'a Fixture,
    pub(super) transition: &'a Arc<Transition>,
    pub(super) from: &'a Arc<Workload>,
    pub(super) to: &'a Arc<Workload>,
    pub(super) instance: &'a str,
    /// Which header of the task, or parameter of the guard, is attacked, counted from 0.
    pub(super) part: usize,
}

/// The requests of an attack in order, or why there are none.
pub(super) type Requests = Result<Vec<Attempt>, LabError>;

impl<'a> AttackContext<'a> {
    pub(super) fn workflow(&self) -> &'a Workflow {
        &self.fixture.workflow
    }

    pub(super) fn signed(&self) -> bool {
        self.fixture.signed()
    }

    /// Whether the transition leaves a join that collects evidence.
    pub(super) fn joins(&self) -> bool {
        self.signed() && self.workflow().joins.contains_key(&self.transition.from.name)
    }

    /// Whether an instance may begin with the transition.
    pub(super) fn begins(&self) -> bool {
        self.transition.from.initial && !self.transition.via
    }

    /// The kind of token that the caller shows.
    pub(super) fn kind(&self) -> Kind {
        if self.transition.via { Kind::Receipt } else { Kind::Arrival }
    }

    /// How many headers of the task, or parameters of the guard, there are to attack, one after the other; at least one.
    pub(super) fn parts(&self) -> usize {
        let headers = self.transition.to.requests.first().map_or(0, |pattern| pattern.headers.iter().count());
        let parameters = self.transition.when.as_ref().map_or(0, |guard| guard.reads().parameters.len());
        headers.max(parameters).max(1)
    }

    /// The honest request, without its step.
    pub(super) fn request(&self) -> Attempt {
        self.fixture.attempt(Sender::Workload(Arc::clone(self.from)), self.to, &self.transition.to)
    }

    /// The arrivals that the caller can prove where the transition begins.
    pub(super) fn arrivals(&self) -> Vec<Arrival> {
        self.arrivals_at(&self.transition.from, self.kind(), self.instance)
    }

    /// The arrivals that the caller could prove at a task. Where the transition begins they are as old as it asks.
    pub(super) fn arrivals_at(&self, task: &Arc<Task>, kind: Kind, instance: &str) -> Vec<Arrival> {
        let waited = self.transition.after.is_some() && task.name == self.transition.from.name;
        let age = if waited { self.opening().saturating_add(MARGIN) } else { 0 };
        let then = self.fixture.now().saturating_sub(age);
        Arrival::assumed(self.workflow(), task, (&self.from.id, kind), instance, then)
    }

    /// How many seconds after the arrival the transition opens.
    pub(super) fn opening(&self) -> u64 {
        self.transition.after.map_or(0, |after| whole_seconds(after).saturating_add(self.leeway()))
    }

    /// The leeway of the receiving gate, in seconds.
    pub(super) fn leeway(&self) -> u64 {
        self.fixture.leeway(&self.to.actor)
    }

    /// The same of another instance.
    pub(super) fn other_instance(&self) -> Vec<Arrival> {
        self.arrivals_at(&self.transition.from, self.kind(), &format!("{}.other", self.instance))
    }

    /// The caller's tokens of these arrivals.
    pub(super) fn show(&self, arrivals: Vec<Arrival>) -> Result<Vec<Shown>, LabError> {
        self.show_as(arrivals, self.kind())
    }

    /// The same, as another kind of token.
    pub(super) fn show_as(&self, arrivals: Vec<Arrival>, kind: Kind) -> Result<Vec<Shown>, LabError> {
        arrivals.into_iter().map(|one| self.fixture.token(one, &self.from.id, kind)).collect()
    }

    /// The honest step.
    pub(super) fn steps(&self) -> Result<Vec<Shown>, LabError> {
        if !self.signed() {
            return Ok(vec![plain_step(self.workflow(), &self.transition.from)]);
        }
        self.show(self.arrivals())
    }

    /// The honest request.
    pub(super) fn honest(&self) -> Result<Attempt, LabError> {
        Ok(Attempt { steps: self.steps()?, ..self.request() })
    }

    /// The honest request with this step instead.
    pub(super) fn with(&self, steps: Vec<Shown>) -> Requests {
        Ok(vec![Attempt { steps, ..self.request() }])
    }

    /// The honest request with its arrivals changed.
    pub(super) fn arrived(&self, change: impl FnOnce(&mut Vec<Arrival>)) -> Requests {
        let mut arrivals = self.arrivals();
        change(&mut arrivals);
        self.with(self.show(arrivals)?)
    }

    /// The honest request with each of its arrivals changed.
    pub(super) fn each_arrived(&self, change: impl Fn(&mut Arrival)) -> Requests {
        self.arrived(|arrivals| arrivals.iter_mut().for_each(change))
    }

    /// The honest request with tokens in which the issuing gate lies.
    pub(super) fn minted(&self, flaw: Flaw, change: impl Fn(&mut Claims)) -> Requests {
        let lie = |one| self.fixture.lie(one, &self.from.id, self.kind(), flaw, &change);
        self.with(self.arrivals().into_iter().map(lie).collect::<Result<_, _>>()?)
    }

    /// The honest request with the text of each token changed.
    pub(super) fn altered(&self, flaw: Flaw, change: impl Fn(&str) -> String) -> Requests {
        self.with(altered(self.steps()?, flaw, change))
    }

    /// The honest request, changed in something other than its step.
    pub(super) fn asked(&self, change: impl Fn(&mut Attempt)) -> Requests {
        let mut one = self.honest()?;
        change(&mut one);
        Ok(vec![one])
    }
}

/// The tokens with their texts changed.
pub(super) fn altered(mut steps: Vec<Shown>, flaw: Flaw, mut change: impl FnMut(&str) -> String) -> Vec<Shown> {
    for step in &mut steps {
        if let Shown::Token(token) = step {
            token.text = change(&token.text);
            token.flaw = Some(flaw);
        }
    }
    steps
}

/// A step at level `identity`.
pub(super) fn plain_step(workflow: &Workflow, task: &Task) -> Shown {
    Shown::Text(format!("{}/{}/{}", workflow.name, workflow.revision, task.name))
}

/// Another identity than this one.
pub(super) fn other_id(id: &SpiffeId) -> Result<SpiffeId, LabError> {
    Ok(SpiffeId::try_from(format!("{id}-other").as_bytes())?)
}

/// The pairs of workloads in which each one of both sides takes part. Where constraints separate duties, the receiver
/// is one that may perform its task.
pub(super) fn pairs<'a>(
    fixture: &'a Fixture,
    transition: &Arc<Transition>,
) -> Vec<(&'a Arc<Workload>, &'a Arc<Workload>)> {
    let (from, to) = (&transition.caller, &transition.to.performer);
    let turns = fixture.workloads.of_actor(from).len().max(fixture.workloads.of_actor(to).len());
    let pair = |turn: usize| {
        let sender = fixture.workloads.turn(from, turn)?;
        let kind = if transition.via { Kind::Receipt } else { Kind::Arrival };
        let arrivals = Arrival::assumed(&fixture.workflow, &transition.from, (&sender.id, kind), "", fixture.now());
        let arrivals: Vec<Arc<Arrival>> = arrivals.into_iter().map(Arc::new).collect();
        let may = |to: &&Arc<Workload>| {
            !fixture.signed() || fixture.reader.keeps_constraints(&arrivals, &transition.to, &to.id)
        };
        let in_turn = || (0..turns).filter_map(|more| fixture.workloads.turn(to, turn.saturating_add(more)));
        let receiver = in_turn().find(may).or_else(|| in_turn().next())?;
        Some((sender, receiver))
    };
    (0..turns).filter_map(pair).collect()
}
