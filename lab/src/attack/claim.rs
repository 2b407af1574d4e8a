//! Level `identity`: a plain step is only a word.

use super::{Attack, Stopped, attack};
use crate::scene::plain_step;

pub(super) const ALL: &[Attack] = &[
    attack(
        "a false claim to a step of one's own",
        "Without any request before it, an actor says that it has reached a task of its own.",
        Stopped::Never,
        |scene| !scene.signed() && !scene.begins(),
        |scene| Ok(vec![scene.rightful()?]),
    ),
    attack(
        "a claim to another's step",
        "An actor names a task that it neither performs nor carries on from.",
        Stopped::Always,
        |scene| !scene.signed() && foreign(scene).is_some(),
        |scene| {
            let step = foreign(scene).map(|task| plain_step(scene.workflow(), task));
            Ok(scene.worthless(step.into_iter().collect()))
        },
    ),
];

/// A task with which the caller has nothing to do.
fn foreign<'a>(scene: &crate::scene::Scene<'a>) -> Option<&'a stepgate_config::workflow::Task> {
    let workflow = scene.workflow();
    let carries = |task: &stepgate_config::workflow::Task| {
        let mut leaving = workflow.transitions.iter().filter(|t| t.from.name == task.name);
        leaving.any(|t| t.caller.name == scene.from.actor.name)
    };
    let mut tasks = workflow.tasks.values();
    tasks.find(|task| task.performer.name != scene.from.actor.name && !carries(task)).map(AsRef::as_ref)
}
