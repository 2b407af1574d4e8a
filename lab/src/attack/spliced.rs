//! Two good tokens made one.

use stepgate_decision::token::TokenType;

use super::{Attack, Stopped, attack};
use crate::LabError;
use crate::jws::parts;
use crate::scene::{Move, Scene};

pub(super) const ALL: &[Attack] = &[
    attack(
        "another token's signature",
        "Header and claims of one good token, the signature of another.",
        Stopped::Signed,
        |scene| scene.signed(),
        |scene| {
            spliced(scene, &other_instance(scene)?, |own, other| {
                let ([header, claims, _], [.., signature]) = (parts(own), parts(other));
                format!("{header}.{claims}.{signature}")
            })
        },
    ),
    attack(
        "another token's claims",
        "The claims of another good token between header and signature.",
        Stopped::Signed,
        |scene| scene.signed(),
        |scene| {
            spliced(scene, &other_instance(scene)?, |own, other| {
                let ([header, _, signature], [_, claims, _]) = (parts(own), parts(other));
                format!("{header}.{claims}.{signature}")
            })
        },
    ),
    attack(
        "another kind of token's header",
        "A receipt under the header of an arrival, or an arrival under that of a receipt.",
        Stopped::Signed,
        |scene| scene.signed(),
        |scene| {
            let kind = if scene.transition.via { TokenType::Arrival } else { TokenType::Receipt };
            let sign = |claims| scene.setting.sign(kind, claims);
            let others = scene.claims().iter().map(sign).collect::<Result<Vec<_>, _>>()?;
            spliced(scene, &others, |own, other| {
                let ([header, ..], [_, claims, signature]) = (parts(own), parts(other));
                format!("{header}.{claims}.{signature}")
            })
        },
    ),
];

fn other_instance(scene: &Scene<'_>) -> Result<Vec<String>, LabError> {
    let other = format!("{}.other", scene.instance);
    scene.sign(&scene.claims_at(&scene.transition.from, &scene.from.id, scene.token_type(), &other))
}

fn spliced(scene: &Scene<'_>, others: &[String], splice: impl Fn(&str, &str) -> String) -> Result<Vec<Move>, LabError> {
    let own = scene.steps()?;
    Ok(scene.worthless(own.iter().zip(others).map(|(own, other)| splice(own, other)).collect()))
}
