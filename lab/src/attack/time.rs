//! Tokens before and after their time.

use super::{Attack, Stopped, attack};

/// Longer than any leeway.
const HOUR: u64 = 3600;
/// Well within the leeway that the lab's gates give tokens, but not instances.
const MOMENT: u64 = 3;

pub(super) const ALL: &[Attack] = &[
    attack(
        "past its time",
        "A token that has expired.",
        Stopped::Signed,
        |context| context.signed(),
        |context| {
            let life = context.workflow().task_ttl.as_secs().saturating_add(HOUR);
            context.each_arrived(|arrival| arrival.times = arrival.times.earlier(life))
        },
    ),
    attack(
        "before its time",
        "A token that was issued in the future.",
        Stopped::Signed,
        |context| context.signed(),
        |context| {
            context.each_arrived(|arrival| {
                for time in [&mut arrival.times.iat, &mut arrival.times.exp, &mut arrival.times.dl] {
                    *time = time.saturating_add(HOUR);
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
            let life = workflow.task_ttl.min(workflow.deadline).as_secs();
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
];
