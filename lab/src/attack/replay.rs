//! The very same request again. At level `signed` each receiving replica takes it once in the token's life.

use std::sync::Arc;

use super::{Attack, Stopped, attack};
use crate::LabError;
use crate::cast::Member;
use crate::expectation::Shown;
use crate::scene::{Move, Scene};

pub(super) const ALL: &[Attack] = &[
    attack(
        "replayed",
        "The rightful holder sends the very same request again, once more than it may be taken.",
        Stopped::Signed,
        |scene| scene.transition.uses < 8,
        |scene| {
            let one = scene.rightful()?;
            let uses = usize::try_from(scene.transition.uses).unwrap_or(1);
            Ok(vec![one; uses.saturating_add(1)])
        },
    ),
    attack(
        "replayed at another replica",
        "The same request at a replica of the receiver that has not seen it: it has a record of its own.",
        Stopped::Never,
        |scene| other(scene).is_some() && scene.transition.uses == 1,
        |scene| elsewhere(scene, 1),
    ),
    attack(
        "replayed at another replica twice",
        "The same request a second time at that replica.",
        Stopped::Signed,
        |scene| other(scene).is_some() && scene.transition.uses == 1,
        |scene| elsewhere(scene, 2),
    ),
    attack(
        "begun again",
        "The request that begins an instance, again: it begins another one.",
        Stopped::Never,
        |scene| scene.begins(),
        |scene| {
            let one = Move { attempt: scene.request(), shown: Shown::Nothing };
            Ok(vec![one; 2])
        },
    ),
];

/// Another workload behind the receiving actor that may take the request: another replica, or another identity.
fn other<'a>(scene: &Scene<'a>) -> Option<&'a Arc<Member>> {
    let may = |member: &&Arc<Member>| {
        let performed = scene.held().performed;
        let keeps = crate::expectation::keeps_constraints;
        member.name != scene.to.name && keeps(scene.workflow(), &performed, &scene.transition.to, &member.id)
    };
    scene.setting.cast.of_actor(&scene.to.actor).iter().find(may)
}

fn elsewhere(scene: &Scene<'_>, times: usize) -> Result<Vec<Move>, LabError> {
    let Some(to) = other(scene) else { return Ok(Vec::new()) };
    let one = scene.rightful()?;
    let mut there = one.clone();
    there.attempt.to = Arc::clone(to);
    Ok(std::iter::once(one).chain(vec![there; times]).collect())
}
