//! Tokens with something cut off.

use super::{Attack, Stopped, attack};
use crate::jws::{half, parts};

pub(super) const ALL: &[Attack] = &[
    attack(
        "its signature cut",
        "Half of the signature is left.",
        Stopped::Signed,
        |scene| scene.signed(),
        |scene| {
            scene.altered(|token| {
                let [header, claims, signature] = parts(token);
                format!("{header}.{claims}.{}", half(signature))
            })
        },
    ),
    attack(
        "its signature empty",
        "Nothing of the signature is left.",
        Stopped::Signed,
        |scene| scene.signed(),
        |scene| {
            scene.altered(|token| {
                let [header, claims, _] = parts(token);
                format!("{header}.{claims}.")
            })
        },
    ),
    attack(
        "without its third part",
        "Header and claims, and not even a dot after them.",
        Stopped::Signed,
        |scene| scene.signed(),
        |scene| {
            scene.altered(|token| {
                let [header, claims, _] = parts(token);
                format!("{header}.{claims}")
            })
        },
    ),
    attack(
        "its claims cut",
        "Half of the claims are left.",
        Stopped::Signed,
        |scene| scene.signed(),
        |scene| {
            scene.altered(|token| {
                let [header, claims, signature] = parts(token);
                format!("{header}.{}.{signature}", half(claims))
            })
        },
    ),
];
