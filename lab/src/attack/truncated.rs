//! Tokens with something cut off.

use stepgate_reference::{Flaw, alter};

use super::{Attack, Stopped, attack};

pub(super) const ALL: &[Attack] = &[
    attack(
        "its signature cut",
        "Half of the signature is left.",
        Stopped::Signed,
        |context| context.signed(),
        |context| {
            context.altered(Flaw::Signature, |token| {
                let [header, claims, signature] = alter::parts(token);
                format!("{header}.{claims}.{}", alter::half(signature))
            })
        },
    ),
    attack(
        "its signature empty",
        "Nothing of the signature is left.",
        Stopped::Signed,
        |context| context.signed(),
        |context| {
            context.altered(Flaw::Signature, |token| {
                let [header, claims, _] = alter::parts(token);
                format!("{header}.{claims}.")
            })
        },
    ),
    attack(
        "without its third part",
        "Header and claims, and not even a dot after them.",
        Stopped::Signed,
        |context| context.signed(),
        |context| {
            context.altered(Flaw::Form, |token| {
                let [header, claims, _] = alter::parts(token);
                format!("{header}.{claims}")
            })
        },
    ),
    attack(
        "its claims cut",
        "Half of the claims are left.",
        Stopped::Signed,
        |context| context.signed(),
        |context| {
            context.altered(Flaw::Form, |token| {
                let [header, claims, signature] = alter::parts(token);
                format!("{header}.{}.{signature}", alter::half(claims))
            })
        },
    ),
];
