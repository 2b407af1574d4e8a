//! Nothing is wrong: the measure of all others.

use super::{Attack, Stopped, attack};

pub(super) const ALL: &[Attack] = &[
    attack(
        "nothing wrong",
        "The rightful request, through each workload of both sides.",
        Stopped::Rightful,
        |_| true,
        |scene| Ok(vec![scene.rightful()?]),
    ),
    attack(
        "evidence in another order",
        "What leaves a join shows all its evidence, the last first.",
        Stopped::Rightful,
        |scene| scene.joins(),
        |scene| {
            let mut one = scene.rightful()?;
            one.attempt.steps.reverse();
            Ok(vec![one])
        },
    ),
];
