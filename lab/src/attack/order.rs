//! Steps out of their order.

use std::sync::Arc;

use stepgate_config::workflow::Transition;

use super::{Attack, Stopped, attack};
use crate::LabError;
use crate::attempt::{Attempt, Sender};
use crate::expectation::Shown;
use crate::scene::{Move, Scene, held, plain_step};
use stepgate_decision::token::TokenType;

pub(super) const ALL: &[Attack] = &[
    attack(
        "a skipped step",
        "Whoever may take this transition makes the request of the one after it.",
        Stopped::Always,
        |scene| next(scene).is_some(),
        skipped,
    ),
    attack(
        "a step back",
        "Whoever has just done this task shows its step to the one who sent it.",
        Stopped::Always,
        |scene| !leads(scene, &scene.transition.to.name, &scene.transition.from.performer.name),
        back,
    ),
];

/// A transition after this one that could not be taken from here anyway.
fn next<'a>(scene: &Scene<'a>) -> Option<&'a Arc<Transition>> {
    let further = scene.workflow().transitions.iter().filter(|t| t.from.name == scene.transition.to.name);
    let mut skips = further.filter(|t| !leads(scene, &scene.transition.from.name, &t.to.performer.name));
    skips.next()
}

/// Whether any transition leads from a task to one of an actor's.
fn leads(scene: &Scene<'_>, from: &stepgate_config::name::TaskName, to: &stepgate_config::name::ActorName) -> bool {
    scene.workflow().transitions.iter().any(|t| t.from.name == *from && t.to.performer.name == *to)
}

fn skipped(scene: &Scene<'_>) -> Result<Vec<Move>, LabError> {
    let Some(next) = next(scene) else { return Ok(Vec::new()) };
    let to = scene.setting.cast.turn(&next.to.performer, 0).unwrap_or(scene.to);
    let attempt = Attempt::of(Sender::Member(Arc::clone(scene.from)), to, &next.to);
    let attempt = Attempt { steps: scene.steps()?, ..attempt };
    Ok(vec![Move { attempt, shown: Shown::Step(scene.held()) }])
}

fn back(scene: &Scene<'_>) -> Result<Vec<Move>, LabError> {
    let (at, sender) = (&scene.transition.to, scene.to);
    let earlier = &scene.transition.from;
    let Some(to) = scene.setting.cast.turn(&earlier.performer, 0) else { return Ok(Vec::new()) };
    let steps = if scene.signed() {
        let claims = scene.claims_at(at, &sender.id, TokenType::Arrival, scene.instance);
        claims.iter().map(|claims| scene.setting.sign(TokenType::Arrival, claims)).collect::<Result<_, _>>()?
    } else {
        vec![plain_step(scene.workflow(), at)]
    };
    let attempt = Attempt { steps, ..Attempt::of(Sender::Member(Arc::clone(sender)), to, earlier) };
    Ok(vec![Move { attempt, shown: Shown::Step(held(at, &sender.id, TokenType::Arrival, scene.instance)) }])
}
