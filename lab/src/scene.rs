//! Where an attack plays: one transition, with the workload that may bring it and the one that takes it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Task, Transition, Workflow};
use stepgate_decision::step::PlainStep;
use stepgate_decision::synthetic::{Step, synthetic_claims};
use stepgate_decision::token::{Claims, TokenType};

use super::LabError;
use super::attempt::{Attempt, Sender, now};
use super::cast::Member;
use super::expectation::{Held, Shown, keeps_constraints};
use super::setting::{Setting, identity};

/// One request of an attack, and what its step is worth.
#[derive(Debug, Clone)]
pub(super) struct Move {
    pub(super) attempt: Attempt,
    pub(super) shown: Shown,
}

/// The stage.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) setting: &'a Setting,
    pub(super) transition: &'a Arc<Transition>,
    pub(super) from: &'a Arc<Member>,
    pub(super) to: &'a Arc<Member>,
    pub(super) instance: &'a str,
}

impl<'a> Scene<'a> {
    pub(super) fn workflow(&self) -> &'a Workflow {
        &self.setting.workflow
    }

    pub(super) fn signed(&self) -> bool {
        self.setting.signed()
    }

    /// Whether it leaves a join at which evidence is collected.
    pub(super) fn joins(&self) -> bool {
        self.signed() && self.workflow().joins.contains_key(&self.transition.from.name)
    }

    /// Whether an instance may begin with it.
    pub(super) fn begins(&self) -> bool {
        self.transition.from.initial && !self.transition.via
    }

    pub(super) fn token_type(&self) -> TokenType {
        if self.transition.via { TokenType::Receipt } else { TokenType::Arrival }
    }

    /// The request that is right, without its step.
    pub(super) fn request(&self) -> Attempt {
        Attempt::of(Sender::Member(Arc::clone(self.from)), self.to, &self.transition.to)
    }

    /// All that the caller holds where the transition begins.
    pub(super) fn claims(&self) -> Vec<Claims> {
        self.claims_at(&self.transition.from, &self.from.id, self.token_type(), self.instance)
    }

    /// All that somebody would hold at a task.
    pub(super) fn claims_at(&self, task: &Task, holder: &SpiffeId, kind: TokenType, instance: &str) -> Vec<Claims> {
        let workflow = self.workflow();
        synthetic_claims(&Step { workflow, task, holder, instance, token_type: kind, issued: now() })
    }

    /// What those are worth.
    pub(super) fn held(&self) -> Held {
        held(&self.transition.from, &self.from.id, self.token_type(), self.instance)
    }

    /// The rightful step, as it stands in the header.
    pub(super) fn steps(&self) -> Result<Vec<String>, LabError> {
        if !self.signed() {
            return Ok(vec![plain_step(self.workflow(), &self.transition.from)]);
        }
        self.sign(&self.claims())
    }

    pub(super) fn sign(&self, claims: &[Claims]) -> Result<Vec<String>, LabError> {
        claims.iter().map(|claims| self.setting.sign(self.token_type(), claims)).collect()
    }

    /// The one request that is right in everything.
    pub(super) fn rightful(&self) -> Result<Move, LabError> {
        Ok(Move { attempt: Attempt { steps: self.steps()?, ..self.request() }, shown: Shown::Step(self.held()) })
    }

    /// The right request with a step that is worth nothing.
    pub(super) fn worthless(&self, steps: Vec<String>) -> Vec<Move> {
        vec![Move { attempt: Attempt { steps, ..self.request() }, shown: Shown::Worthless }]
    }

    /// The right request with its tokens changed, and signed by who says to be their issuer.
    pub(super) fn minted(&self, change: impl Fn(&mut Claims)) -> Result<Vec<Move>, LabError> {
        let mut claims = self.claims();
        claims.iter_mut().for_each(change);
        Ok(self.worthless(self.sign(&claims)?))
    }

    /// The right request with the text of each token changed.
    pub(super) fn altered(&self, change: impl Fn(&str) -> String) -> Result<Vec<Move>, LabError> {
        Ok(self.worthless(self.steps()?.iter().map(|token| change(token)).collect()))
    }

    /// The same request, changed in something that is no part of its step.
    pub(super) fn asked(&self, change: impl Fn(&mut Attempt)) -> Result<Vec<Move>, LabError> {
        let mut one = self.rightful()?;
        change(&mut one.attempt);
        Ok(vec![one])
    }
}

/// What a rightful step is worth.
pub(super) fn held(at: &Arc<Task>, holder: &SpiffeId, kind: TokenType, instance: &str) -> Held {
    let performer = if kind == TokenType::Receipt { identity(&at.performer) } else { holder };
    Held {
        at: Arc::clone(at),
        holder: holder.clone(),
        instance: instance.to_owned(),
        entered: at.max_visits.map(|_| (at.name.clone(), 1)).into_iter().collect::<BTreeMap<_, _>>(),
        performed: BTreeSet::from([(at.name.clone(), performer.clone())]),
    }
}

/// A step at level `identity`.
pub(super) fn plain_step(workflow: &Workflow, task: &Task) -> String {
    PlainStep::of(workflow, task).to_string()
}

/// The pairs of workloads in which each one of both sides takes part; where duties are held apart, the receiver
/// is one that may do its.
pub(super) fn pairs<'a>(setting: &'a Setting, transition: &Transition) -> Vec<(&'a Arc<Member>, &'a Arc<Member>)> {
    let (from, to) = (&transition.caller, &transition.to.performer);
    let turns = setting.cast.of_actor(from).len().max(setting.cast.of_actor(to).len());
    let pair = |turn: usize| {
        let sender = setting.cast.turn(from, turn)?;
        let kind = if transition.via { TokenType::Receipt } else { TokenType::Arrival };
        let performed = held(&transition.from, &sender.id, kind, "").performed;
        let may = |to: &&Arc<Member>| {
            !setting.signed() || keeps_constraints(&setting.workflow, &performed, &transition.to, &to.id)
        };
        let in_turn = || (0..turns).filter_map(|more| setting.cast.turn(to, turn.saturating_add(more)));
        let receiver = in_turn().find(may).or_else(|| in_turn().next())?;
        Some((sender, receiver))
    };
    (0..turns).filter_map(pair).collect()
}
