//! Good tokens of a kind that has no place here.

use std::sync::Arc;

use stepgate_config::workflow::Task;
use stepgate_decision::token::TokenType;

use super::{Attack, Stopped, attack};
use crate::LabError;
use crate::attempt::Attempt;
use crate::expectation::Shown;
use crate::jws::with_header;
use crate::scene::{Move, Scene, held, plain_step};

pub(super) const ALL: &[Attack] = &[
    attack(
        "an arrival for a receipt",
        "A caller shows an arrival where a receipt is due.",
        Stopped::Signed,
        |scene| scene.signed() && scene.transition.via,
        |scene| signed_as(scene, TokenType::Arrival),
    ),
    attack(
        "a receipt for an arrival",
        "A performer shows a receipt where an arrival is due.",
        Stopped::Signed,
        |scene| scene.signed() && !scene.transition.via,
        |scene| signed_as(scene, TokenType::Receipt),
    ),
    attack(
        "a departure",
        "A kind of token that no gate of this level issues or takes.",
        Stopped::Signed,
        |scene| scene.signed(),
        |scene| signed_as(scene, TokenType::Departure),
    ),
    attack(
        "a token of another system",
        "The header says `typ: JWT`.",
        Stopped::Signed,
        |scene| scene.signed(),
        |scene| scene.altered(|token| with_header(token, |header| drop(header.insert("typ".into(), "JWT".into())))),
    ),
    attack(
        "a plain step",
        "The step of level `identity`, where a token is due.",
        Stopped::Signed,
        |scene| scene.signed(),
        |scene| Ok(scene.worthless(vec![plain_step(scene.workflow(), &scene.transition.from)])),
    ),
    attack(
        "a token for a plain step",
        "Three parts with dots, where a plain step is due.",
        Stopped::Always,
        |scene| !scene.signed(),
        |scene| Ok(scene.worthless(vec!["e30.e30.e30".into()])),
    ),
    attack(
        "a start out of its place",
        "An initiator shows its start token where no transition leads from there.",
        Stopped::Signed,
        |scene| scene.signed() && begun(scene).is_some(),
        |scene| {
            let Some(task) = begun(scene) else { return Ok(Vec::new()) };
            let claims = scene.claims_at(task, &scene.from.id, TokenType::Arrival, scene.instance);
            let sign = |claims| scene.setting.sign(TokenType::Arrival, claims);
            let steps = claims.iter().map(sign).collect::<Result<_, _>>()?;
            let shown = Shown::Step(held(task, &scene.from.id, TokenType::Arrival, scene.instance));
            Ok(vec![Move { attempt: Attempt { steps, ..scene.request() }, shown }])
        },
    ),
    attack(
        "a start that says too much",
        "A first-called gate names another arrival than its own in a start token.",
        Stopped::Signed,
        |scene| scene.signed() && scene.begins(),
        |scene| scene.minted(|claims| claims.jti = "chosen".into()),
    ),
];

fn signed_as(scene: &Scene<'_>, kind: TokenType) -> Result<Vec<Move>, LabError> {
    let sign = |claims| scene.setting.sign(kind, claims);
    Ok(scene.worthless(scene.claims().iter().map(sign).collect::<Result<_, _>>()?))
}

/// A task where this caller begins, and from which nothing leads to the receiver.
fn begun<'a>(scene: &Scene<'a>) -> Option<&'a Arc<Task>> {
    let workflow = scene.workflow();
    let leads = |task: &Task| {
        let to = &scene.transition.to.performer.name;
        workflow.transitions.iter().any(|t| t.from.name == task.name && t.to.performer.name == *to)
    };
    let own = |task: &&Arc<Task>| task.initial && task.performer.name == scene.from.actor.name;
    workflow.tasks.values().filter(own).find(|task| !leads(task))
}
