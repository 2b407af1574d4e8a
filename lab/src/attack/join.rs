//! A join without all its branches, or with those of others.

use stepgate_decision::token::Claims;

use super::{Attack, Stopped, attack};
use crate::LabError;
use crate::scene::{Move, Scene};

pub(super) const ALL: &[Attack] = &[
    attack(
        "half the evidence",
        "The evidence of a join without one of its branches.",
        Stopped::Signed,
        |scene| scene.joins(),
        |scene| evidence(scene, |all| drop(all.pop())),
    ),
    attack(
        "one branch twice",
        "The evidence of one branch again, in the place of another's.",
        Stopped::Signed,
        |scene| scene.joins(),
        |scene| {
            evidence(scene, |all| {
                let again = all.first().cloned();
                if let (Some(last), Some(mut again)) = (all.last_mut(), again) {
                    again.jti = format!("{}.again", again.jti);
                    *last = again;
                }
            })
        },
    ),
    attack(
        "one token too many",
        "All the evidence of a join, and that of one branch again.",
        Stopped::Signed,
        |scene| scene.joins(),
        |scene| {
            evidence(scene, |all| {
                let again = all.first().cloned();
                all.extend(again.map(|mut again| {
                    again.jti = format!("{}.again", again.jti);
                    again
                }));
            })
        },
    ),
    attack(
        "evidence of two rounds",
        "One branch's evidence is of another passage through the fork.",
        Stopped::Signed,
        |scene| scene.joins(),
        |scene| {
            let join = &scene.transition.from.name;
            evidence(scene, |all| {
                if let Some(last) = all.last_mut() {
                    last.fork.insert(join.clone(), "another.round".into());
                }
            })
        },
    ),
    attack(
        "evidence without a round",
        "No branch's evidence names a passage through the fork.",
        Stopped::Signed,
        |scene| scene.joins(),
        |scene| {
            let join = scene.transition.from.name.as_str();
            evidence(scene, |all| all.iter_mut().for_each(|one| drop(one.fork.remove(join))))
        },
    ),
    attack(
        "evidence of two instances",
        "One branch's evidence is of another instance.",
        Stopped::Signed,
        |scene| scene.joins(),
        |scene| {
            let other = format!("{}.other", scene.instance);
            let at = &scene.transition.from;
            let others = scene.claims_at(at, &scene.from.id, scene.token_type(), &other);
            evidence(scene, |all| {
                all.pop();
                all.extend(others.last().cloned());
            })
        },
    ),
];

fn evidence(scene: &Scene<'_>, change: impl Fn(&mut Vec<Claims>)) -> Result<Vec<Move>, LabError> {
    let mut claims = scene.claims();
    change(&mut claims);
    Ok(scene.worthless(scene.sign(&claims)?))
}
