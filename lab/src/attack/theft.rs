//! A good step in the wrong hands.

use std::sync::Arc;

use super::{Attack, Stopped, attack};
use crate::LabError;
use crate::attempt::{Attempt, Sender};
use crate::cast::Member;
use crate::scene::{Move, Scene};

pub(super) const ALL: &[Attack] = &[
    attack(
        "stolen by another actor",
        "Another actor shows the caller's step.",
        Stopped::Always,
        |scene| thief(scene).is_some(),
        |scene| by(scene, thief(scene).map(|thief| Sender::Member(Arc::clone(thief)))),
    ),
    attack(
        "stolen by the same actor's other workload",
        "A workload of the same actor, under another SPIFFE ID, shows the caller's step.",
        Stopped::Signed,
        |scene| sibling(scene).is_some(),
        |scene| by(scene, sibling(scene).map(|sibling| Sender::Member(Arc::clone(sibling)))),
    ),
    attack(
        "stolen by a neighbour",
        "A workload of the mesh that is no actor shows the caller's step.",
        Stopped::Always,
        |_| true,
        |scene| by(scene, Some(neighbour(scene))),
    ),
    attack(
        "stolen from another trust domain",
        "A workload whose certificate names a trust domain that no actor has shows the caller's step.",
        Stopped::Always,
        |_| true,
        |scene| by(scene, Some(Sender::Stranger("spiffe://elsewhere.invalid/ns/stepgate-lab/sa/stranger".into()))),
    ),
    attack(
        "stolen by somebody without mTLS",
        "Somebody without a certificate shows the caller's step.",
        Stopped::Always,
        |_| true,
        |scene| by(scene, Some(Sender::Nobody)),
    ),
    attack(
        "a forged client certificate header",
        "A neighbour names the caller in `x-forwarded-client-cert`.",
        Stopped::Always,
        |_| true,
        |scene| {
            let mut moves = by(scene, Some(neighbour(scene)))?;
            for one in &mut moves {
                let value = format!("URI={}", scene.from.id);
                one.attempt.headers.push(("x-forwarded-client-cert".into(), value));
            }
            Ok(moves)
        },
    ),
    attack(
        "begun by a neighbour",
        "A workload of the mesh that is no actor begins an instance.",
        Stopped::Always,
        |scene| scene.begins(),
        |scene| begun_by(scene, neighbour(scene)),
    ),
    attack(
        "begun by somebody without mTLS",
        "Somebody without a certificate begins an instance.",
        Stopped::Always,
        |scene| scene.begins(),
        |scene| begun_by(scene, Sender::Nobody),
    ),
];

fn by(scene: &Scene<'_>, thief: Option<Sender>) -> Result<Vec<Move>, LabError> {
    let Some(from) = thief else { return Ok(Vec::new()) };
    let mut stolen = scene.rightful()?;
    stolen.attempt.from = from;
    Ok(vec![stolen])
}

fn begun_by(scene: &Scene<'_>, from: Sender) -> Result<Vec<Move>, LabError> {
    let attempt = Attempt { from, ..scene.request() };
    Ok(vec![Move { attempt, shown: crate::expectation::Shown::Nothing }])
}

/// Another actor, who carries nothing from there to the receiver.
fn thief<'a>(scene: &Scene<'a>) -> Option<&'a Arc<Member>> {
    let may = |member: &Member| {
        scene.workflow().transitions.iter().any(|t| {
            t.from.name == scene.transition.from.name
                && t.to.performer.name == scene.to.actor.name
                && t.caller.name == member.actor.name
        })
    };
    scene.setting.cast.firsts().find(|member| !may(member))
}

fn sibling<'a>(scene: &Scene<'a>) -> Option<&'a Arc<Member>> {
    scene.setting.cast.of_actor(&scene.from.actor).iter().find(|member| member.id != scene.from.id)
}

fn neighbour(scene: &Scene<'_>) -> Sender {
    Sender::Stranger(format!("spiffe://{}/ns/stepgate-lab/sa/neighbour", scene.workflow().trust_domain))
}
