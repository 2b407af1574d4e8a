//! Tokens that no gate has signed.

use serde_json::{Value, json};
use stepgate_config::workflow::Actor;
use stepgate_reference::{Arrival, Flaw, Key, alter};

use super::{Attack, Stopped, attack};
use crate::attack_context::{AttackContext, Requests};
use crate::fixture::identity;
use crate::gate_setup::Keys;

pub(super) const ALL: &[Attack] = &[
    attack(
        "signed with another key",
        "An unknown key signs the right claims, under the right key's name.",
        Stopped::Signed,
        |context| context.signed(),
        |context| signed_with(context, |keys| Some(&keys.forged)),
    ),
    attack(
        "no algorithm",
        "The header says `alg: none`, and there is no signature.",
        Stopped::Signed,
        |context| context.signed(),
        |context| {
            context.altered(Flaw::Algorithm, |token| {
                let token = alter::header(token, |header| drop(header.insert("alg".into(), "none".into())));
                let [header, claims, _] = alter::parts(&token);
                format!("{header}.{claims}.")
            })
        },
    ),
    attack(
        "another algorithm",
        "The header names another algorithm than the key's.",
        Stopped::Signed,
        |context| context.signed(),
        |context| {
            context.altered(Flaw::Algorithm, |token| {
                alter::header(token, |header| {
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
        |context| context.signed() && context.arrivals().iter().all(|arrival| has_public_key(context, arrival)),
        |context| signed_with(context, |keys| keys.public_as_secret.as_ref()),
    ),
    attack(
        "a signature of zeros",
        "As many zeros as a signature has bytes.",
        Stopped::Signed,
        |context| context.signed(),
        |context| {
            context.altered(Flaw::Signature, |token| {
                let [header, claims, signature] = alter::parts(token);
                format!("{header}.{claims}.{}", "A".repeat(signature.len()))
            })
        },
    ),
    attack(
        "a key that nobody has",
        "The header names a key that is not configured.",
        Stopped::Signed,
        |context| context.signed(),
        |context| {
            context.altered(Flaw::KeyId, |token| {
                alter::header(token, |header| drop(header.insert("kid".into(), "nobodys".into())))
            })
        },
    ),
    attack(
        "a token that brings its key",
        "The header brings a public key of the attacker's (`jwk`).",
        Stopped::Signed,
        |context| context.signed(),
        |context| {
            let jwk: Value = json!({"kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U"});
            context.altered(Flaw::Form, |token| {
                alter::header(token, |header| drop(header.insert("jwk".into(), jwk.clone())))
            })
        },
    ),
    attack(
        "issued by another actor",
        "The gate of an actor that does not perform the task issues the token.",
        Stopped::Signed,
        |context| context.signed() && bystander(context).is_some(),
        |context| {
            let Some(actor) = bystander(context) else { return Ok(Vec::new()) };
            context.each_arrived(|arrival| arrival.issuer = identity(actor).clone())
        },
    ),
];

/// The honest request with tokens signed with another of the issuer's keys.
fn signed_with(context: &AttackContext<'_>, key: fn(&Keys) -> Option<&Key>) -> Requests {
    let forge = |arrival| context.fixture.forged(arrival, &context.from.id, context.kind(), key);
    context.with(context.arrivals().into_iter().map(forge).collect::<Result<_, _>>()?)
}

fn has_public_key(context: &AttackContext<'_>, arrival: &Arrival) -> bool {
    context.fixture.signing_keys(arrival, &arrival.issuer).is_some_and(|keys| keys.public_as_secret.is_some())
}

/// An actor that neither performs the task nor may be called first from it, so its gate may not issue the token.
fn bystander<'a>(context: &AttackContext<'a>) -> Option<&'a Actor> {
    let at = &context.transition.from;
    let may = |actor: &Actor| {
        let id = identity(actor);
        let speaks = context.transition.sources().iter().any(|source| source.performer.includes(id));
        speaks || context.workflow().leaving(at).any(|t| t.to.performer.includes(id))
    };
    context.fixture.workloads.firsts().map(|member| member.actor.as_ref()).find(|actor| !may(actor))
}
