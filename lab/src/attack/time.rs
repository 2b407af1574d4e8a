//! Tokens before and after their time.

use stepgate_config::duration::whole_seconds;
use stepgate_reference::{Arrival, Times};

use super::{Attack, Stopped, attack};
use crate::attack_context::AttackContext;

/// Longer than any leeway.
const HOUR: u64 = 3600;
/// Well within the leeway that the lab's gates give tokens, but not instances.
const MOMENT: u64 = 3;
/// Longer than an attempt takes.
const WHILE: u64 = 10;

pub(super) const ALL: &[Attack] = &[
    attack(
        "past its time",
        "A token that has expired.",
        Stopped::Signed,
        |context| context.signed(),
        |context| {
            let life = context.transition.from.ttl.as_secs().saturating_add(HOUR);
            context.each_arrived(|arrival| arrival.times = arrival.times.earlier(life))
        },
    ),
    attack(
        "before its time",
        "A token that was issued in the future.",
        Stopped::Signed,
        |context| context.signed(),
        |context| {
            let soon = context.fixture.now().saturating_add(HOUR);
            context.each_arrived(|arrival| {
                let ahead = soon.saturating_sub(arrival.times.iat);
                for time in [&mut arrival.times.iat, &mut arrival.times.exp, &mut arrival.times.dl] {
                    *time = time.saturating_add(ahead);
                }
            })
        },
    ),
    attack(
        "past the deadline",
        "The token is within the leeway of its end, the instance is over.",
        Stopped::Signed,
        |context| context.signed(),
        |context| {
            let workflow = context.workflow();
            let life = context.transition.from.ttl.min(workflow.deadline).as_secs();
            let end = context.fixture.now().saturating_sub(MOMENT);
            context.each_arrived(|arrival| {
                let times = &mut arrival.times;
                (times.iat, times.exp, times.dl) = (end.saturating_sub(life), end, end);
            })
        },
    ),
    attack(
        "a life that no gate gives",
        "A token that ends later than its workflow lets any.",
        Stopped::Signed,
        |context| context.signed(),
        |context| {
            let long = context.workflow().deadline.as_secs().saturating_mul(2);
            context.each_arrived(|arrival| {
                let times = &mut arrival.times;
                times.dl = times.iat.saturating_add(long);
                times.exp = times.dl;
            })
        },
    ),
    attack(
        "too early",
        "The transition is not open yet: at a join, for the latest of its evidence.",
        Stopped::Signed,
        |context| context.signed() && context.transition.after.is_some(),
        |context| {
            let age = context.opening().saturating_sub(WHILE);
            context.arrived(|arrivals| arrivals.last_mut().into_iter().for_each(|last| issued(context, last, age)))
        },
    ),
    attack(
        "too late",
        "The transition is no longer open, though the token still lives.",
        Stopped::Signed,
        |context| context.signed() && context.transition.within.is_some(),
        |context| {
            let age = context.transition.within.map(whole_seconds).unwrap_or_default();
            let age = age.saturating_add(context.leeway()).saturating_add(MOMENT);
            context.each_arrived(|arrival| issued(context, arrival, age))
        },
    ),
];

/// Makes it an arrival of so many seconds ago.
fn issued(context: &AttackContext<'_>, arrival: &mut Arrival, age: u64) {
    arrival.times = Times::beginning(context.workflow(), &arrival.task, context.fixture.now()).earlier(age);
}
