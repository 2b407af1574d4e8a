//! Loops past their bound.

use super::{Attack, Stopped, attack};
use crate::LabError;
use crate::attempt::Attempt;
use crate::expectation::Shown;
use crate::scene::{Move, Scene};

pub(super) const ALL: &[Attack] = &[
    attack(
        "one visit too many",
        "The task was entered as often as it may be, and is entered once more.",
        Stopped::Signed,
        |scene| scene.signed() && scene.transition.to.max_visits.is_some() && !scene.begins(),
        |scene| visited(scene, 0),
    ),
    attack(
        "the last visit",
        "The task is entered for the last time that it may be.",
        Stopped::Rightful,
        |scene| scene.signed() && scene.transition.to.max_visits.is_some_and(|most| most > 1) && !scene.begins(),
        |scene| visited(scene, 1),
    ),
];

fn visited(scene: &Scene<'_>, left: u32) -> Result<Vec<Move>, LabError> {
    let to = &scene.transition.to;
    let before = to.max_visits.unwrap_or_default().saturating_sub(left);
    let (mut claims, mut held) = (scene.claims(), scene.held());
    for one in &mut claims {
        one.visits.insert(to.name.clone(), before);
    }
    held.entered.insert(to.name.clone(), before);
    let attempt = Attempt { steps: scene.sign(&claims)?, ..scene.request() };
    Ok(vec![Move { attempt, shown: Shown::Step(held) }])
}
