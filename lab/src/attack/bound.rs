//! Loops past their bound.

use super::{Attack, Stopped, attack};
use crate::attack_context::{AttackContext, Requests};

pub(super) const ALL: &[Attack] = &[
    attack(
        "one visit too many",
        "The task was entered as often as it may be, and is entered once more.",
        Stopped::Signed,
        |context| context.signed() && context.transition.to.max_visits.is_some() && !context.begins(),
        |context| visited(context, 0),
    ),
    attack(
        "the last visit",
        "The task is entered for the last time that it may be.",
        Stopped::Honest,
        |context| {
            context.signed() && context.transition.to.max_visits.is_some_and(|most| most > 1) && !context.begins()
        },
        |context| visited(context, 1),
    ),
];

fn visited(context: &AttackContext<'_>, left: u32) -> Requests {
    let to = &context.transition.to;
    let before = to.max_visits.unwrap_or_default().saturating_sub(left);
    // The arrival itself may be a visit.
    let before = before.saturating_sub(u32::from(context.transition.from.name == to.name));
    context.each_arrived(|arrival| {
        arrival.past.entered.insert(to.name.clone(), before);
    })
}
