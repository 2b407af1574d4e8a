//! Level `identity`: a plain step proves nothing.

use super::{Attack, Stopped, attack};
use crate::attack_context::plain_step;

pub(super) const ALL: &[Attack] = &[
    attack(
        "a false claim to a step of one's own",
        "Without any request before it, an actor says that it has reached a task of its own.",
        Stopped::Never,
        |context| !context.signed() && !context.begins(),
        |context| Ok(vec![context.honest()?]),
    ),
    attack(
        "a claim to another's step",
        "An actor names a task that it neither performs nor carries on from.",
        Stopped::Always,
        |context| !context.signed() && foreign(context).is_some(),
        |context| {
            let step = foreign(context).map(|task| plain_step(context.workflow(), task));
            context.with(step.into_iter().collect())
        },
    ),
];

/// A task that the caller neither performs nor continues from.
fn foreign<'a>(context: &crate::attack_context::AttackContext<'a>) -> Option<&'a stepgate_config::workflow::Task> {
    let workflow = context.workflow();
    let carries = |task: &stepgate_config::workflow::Task| {
        let mut leaving = workflow.transitions.iter().filter(|t| t.from.name == task.name);
        leaving.any(|t| t.caller.name == context.from.actor.name)
    };
    let mut tasks = workflow.tasks.values();
    tasks.find(|task| task.performer.name != context.from.actor.name && !carries(task)).map(AsRef::as_ref)
}
