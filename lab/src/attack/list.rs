//! Several steps where one is expected.

use super::{Attack, Stopped, attack};
use crate::attack_context::AttackContext;
use crate::attempt::HEADER;

pub(super) const ALL: &[Attack] = &[
    attack(
        "a list outside a join",
        "Two good tokens of this step and instance, where one is expected.",
        Stopped::Signed,
        alone,
        |context| {
            context.arrived(|all| {
                if let Some(mut twin) = all.first().cloned() {
                    twin.times.exp = twin.times.exp.saturating_sub(1);
                    all.push(twin);
                }
            })
        },
    ),
    attack("two instances in a list", "A good token of each of two instances.", Stopped::Signed, alone, |context| {
        context.arrived(|all| all.extend(context.other_instance()))
    }),
    attack(
        "the same step twice",
        "One good step, listed twice.",
        Stopped::Always,
        |_| true,
        |context| {
            let mut steps = context.steps()?;
            steps.extend(steps.first().cloned());
            context.with(steps)
        },
    ),
    attack(
        "a second line",
        "One good step, and the same again in a second header line.",
        Stopped::Always,
        |_| true,
        |context| context.asked(|attempt| attempt.headers.push((HEADER.into(), attempt.step_line()))),
    ),
    attack(
        "an empty step",
        "The header is there, but empty: that is not a start.",
        Stopped::Always,
        |_| true,
        |context| {
            context.asked(|attempt| {
                attempt.steps.clear();
                attempt.headers.push((HEADER.into(), String::new()));
            })
        },
    ),
];

fn alone(context: &AttackContext<'_>) -> bool {
    context.signed() && !context.joins()
}
