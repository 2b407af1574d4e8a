//! Honest requests, against which all others are measured.

use super::{Attack, Stopped, attack};

pub(super) const ALL: &[Attack] = &[
    attack(
        "nothing wrong",
        "The honest request, through each workload of both sides.",
        Stopped::Honest,
        |_| true,
        |context| Ok(vec![context.honest()?]),
    ),
    attack(
        "evidence in another order",
        "What leaves a join shows all its evidence, the last first.",
        Stopped::Honest,
        |context| context.joins(),
        |context| {
            let mut one = context.honest()?;
            one.steps.reverse();
            Ok(vec![one])
        },
    ),
];
