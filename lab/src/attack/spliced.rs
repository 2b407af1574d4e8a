//! Two good tokens made one.

use stepgate_reference::{Flaw, Kind, Shown, alter};

use super::{Attack, Stopped, attack};
use crate::LabError;
use crate::attack_context::{AttackContext, Requests, altered};

pub(super) const ALL: &[Attack] = &[
    attack(
        "another token's signature",
        "Header and claims of one good token, the signature of another.",
        Stopped::Signed,
        |context| context.signed(),
        |context| {
            spliced(context, &other_instance(context)?, Flaw::Signature, |own, other| {
                let ([header, claims, _], [.., signature]) = (alter::parts(own), alter::parts(other));
                format!("{header}.{claims}.{signature}")
            })
        },
    ),
    attack(
        "another token's claims",
        "The claims of another good token between header and signature.",
        Stopped::Signed,
        |context| context.signed(),
        |context| {
            spliced(context, &other_instance(context)?, Flaw::Content, |own, other| {
                let ([header, _, signature], [_, claims, _]) = (alter::parts(own), alter::parts(other));
                format!("{header}.{claims}.{signature}")
            })
        },
    ),
    attack(
        "another kind of token's header",
        "A receipt under the header of an arrival, or an arrival under that of a receipt.",
        Stopped::Signed,
        |context| context.signed(),
        |context| {
            let kind = if context.transition.via { Kind::Arrival } else { Kind::Receipt };
            let others = context.show_as(context.arrivals(), kind)?;
            spliced(context, &others, Flaw::Content, |own, other| {
                let ([header, ..], [_, claims, signature]) = (alter::parts(own), alter::parts(other));
                format!("{header}.{claims}.{signature}")
            })
        },
    ),
];

fn other_instance(context: &AttackContext<'_>) -> Result<Vec<Shown>, LabError> {
    context.show(context.other_instance())
}

fn spliced(
    context: &AttackContext<'_>,
    others: &[Shown],
    flaw: Flaw,
    splice: impl Fn(&str, &str) -> String,
) -> Requests {
    let own = context.steps()?;
    let texts: Vec<String> = own.iter().zip(others).map(|(own, other)| splice(own.text(), other.text())).collect();
    let mut texts = texts.into_iter();
    context.with(altered(own, flaw, |_| texts.next().unwrap_or_default()))
}
