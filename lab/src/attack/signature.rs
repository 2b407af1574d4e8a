//! Tokens that no gate has signed.

use serde_json::{Value, json};
use stepgate_config::workflow::Actor;
use stepgate_decision::keys::{Crypto, RustCrypto};

use super::{Attack, Stopped, attack};
use crate::LabError;
use crate::jws::{parts, with_header};
use crate::scene::{Move, Scene};
use crate::setting::identity;

pub(super) const ALL: &[Attack] = &[
    attack(
        "signed with another key",
        "A key of nobody's signs the right claims, under the right key's name.",
        Stopped::Signed,
        |scene| scene.signed(),
        |scene| {
            let forge = |claims| scene.setting.forge(scene.token_type(), claims);
            Ok(scene.worthless(scene.claims().iter().map(forge).collect::<Result<_, _>>()?))
        },
    ),
    attack(
        "no algorithm",
        "The header says `alg: none`, and there is no signature.",
        Stopped::Signed,
        |scene| scene.signed(),
        |scene| {
            scene.altered(|token| {
                let token = with_header(token, |header| drop(header.insert("alg".into(), "none".into())));
                let [header, claims, _] = parts(&token);
                format!("{header}.{claims}.")
            })
        },
    ),
    attack(
        "another algorithm",
        "The header names another algorithm than the key's.",
        Stopped::Signed,
        |scene| scene.signed(),
        |scene| {
            scene.altered(|token| {
                with_header(token, |header| {
                    let other = if header.get("alg") == Some(&json!("HS256")) { "HS512" } else { "HS256" };
                    header.insert("alg".into(), other.into());
                })
            })
        },
    ),
    attack(
        "a public key as a shared secret",
        "The claims are signed by HMAC, with the public key as its secret.",
        Stopped::Signed,
        |scene| scene.signed() && scene.claims().iter().all(|claims| public(scene, claims).is_some()),
        with_public_key,
    ),
    attack(
        "a signature of zeros",
        "As many zeros as a signature has bytes.",
        Stopped::Signed,
        |scene| scene.signed(),
        |scene| {
            scene.altered(|token| {
                let [header, claims, signature] = parts(token);
                format!("{header}.{claims}.{}", "A".repeat(signature.len()))
            })
        },
    ),
    attack(
        "a key that nobody has",
        "The header names a key that is not configured.",
        Stopped::Signed,
        |scene| scene.signed(),
        |scene| scene.altered(|token| with_header(token, |header| drop(header.insert("kid".into(), "nobodys".into())))),
    ),
    attack(
        "a token that brings its key",
        "The header brings a public key of the attacker's (`jwk`).",
        Stopped::Signed,
        |scene| scene.signed(),
        |scene| {
            let jwk: Value = json!({"kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U"});
            scene.altered(|token| with_header(token, |header| drop(header.insert("jwk".into(), jwk.clone()))))
        },
    ),
    attack(
        "issued by another actor",
        "The gate of an actor who does not perform the task signs that it has been reached.",
        Stopped::Signed,
        |scene| scene.signed() && bystander(scene).is_some(),
        |scene| {
            let issuer = bystander(scene).map(identity);
            scene.minted(|claims| claims.iss = issuer.unwrap_or(&claims.iss).clone())
        },
    ),
];

fn public<'a>(
    scene: &Scene<'a>,
    claims: &stepgate_decision::token::Claims,
) -> Option<&'a stepgate_decision::keys::Key> {
    scene.setting.issuer(claims)?.keys.as_ref()?.public_as_secret.as_ref()
}

fn with_public_key(scene: &Scene<'_>) -> Result<Vec<Move>, LabError> {
    let claims = scene.claims();
    let sign = |claims| {
        let key = public(scene, claims)?;
        Some(RustCrypto.sign(key, scene.token_type(), claims).map_err(|error| LabError::Gate(error.to_string())))
    };
    Ok(scene.worthless(claims.iter().filter_map(sign).collect::<Result<_, _>>()?))
}

/// An actor who neither performs the task nor is called first from it, so may not say that it was reached.
fn bystander<'a>(scene: &Scene<'a>) -> Option<&'a Actor> {
    let at = &scene.transition.from;
    let may = |actor: &Actor| {
        let called = |t: &std::sync::Arc<stepgate_config::workflow::Transition>| {
            t.from.name == at.name && t.to.performer.name == actor.name
        };
        at.performer.name == actor.name || scene.workflow().transitions.iter().any(called)
    };
    scene.setting.cast.firsts().map(|member| member.actor.as_ref()).find(|actor| !may(actor))
}
