//! Several steps where one is due.

use super::{Attack, Stopped, attack};
use crate::scene::Scene;
use crate::setting::HEADER;

pub(super) const ALL: &[Attack] = &[
    attack(
        "a list outside a join",
        "Two good tokens of this step and instance, where one is due.",
        Stopped::Signed,
        alone,
        |scene| {
            let mut claims = scene.claims();
            let twin = claims.first().cloned();
            claims.extend(twin.map(|mut twin| {
                twin.exp = stepgate_decision::UnixTime::from_seconds(twin.exp.seconds().saturating_sub(1));
                twin
            }));
            Ok(scene.worthless(scene.sign(&claims)?))
        },
    ),
    attack("two instances in a list", "A good token of each of two instances.", Stopped::Signed, alone, |scene| {
        let other = format!("{}.other", scene.instance);
        let at = &scene.transition.from;
        let others = scene.claims_at(at, &scene.from.id, scene.token_type(), &other);
        let both: Vec<_> = scene.claims().into_iter().chain(others).collect();
        Ok(scene.worthless(scene.sign(&both)?))
    }),
    attack(
        "the same step twice",
        "One good step, listed twice.",
        Stopped::Always,
        |_| true,
        |scene| {
            let mut steps = scene.steps()?;
            steps.extend(steps.first().cloned());
            Ok(scene.worthless(steps))
        },
    ),
    attack(
        "a second line",
        "One good step, and the same again in a second header line.",
        Stopped::Always,
        |_| true,
        |scene| {
            let again = scene.steps()?.join(",");
            let mut moves = scene.worthless(scene.steps()?);
            moves.iter_mut().for_each(|one| one.attempt.headers.push((HEADER.into(), again.clone())));
            Ok(moves)
        },
    ),
    attack(
        "an empty step",
        "The header is there, and has nothing in it: that is no start.",
        Stopped::Always,
        |_| true,
        |scene| {
            let mut moves = scene.worthless(Vec::new());
            moves.iter_mut().for_each(|one| one.attempt.headers.push((HEADER.into(), String::new())));
            Ok(moves)
        },
    ),
];

fn alone(scene: &Scene<'_>) -> bool {
    scene.signed() && !scene.joins()
}
