//! Tokens of a gate that lies: the signature is right, the content is that of no gate with this document.

use stepgate_reference::Flaw;

use super::{Attack, Stopped, attack};

pub(super) const ALL: &[Attack] = &[
    attack(
        "a history of other tasks",
        "A token that counts visits of a task that the document does not count.",
        Stopped::Signed,
        |context| context.signed(),
        |context| context.minted(Flaw::Members, |claims| claims.visits.extend([("elsewhere".to_owned(), 1)])),
    ),
    attack(
        "a round of no join",
        "A token with a round of a join that is not ahead.",
        Stopped::Signed,
        |context| context.signed(),
        |context| {
            context.minted(Flaw::Members, |claims| claims.fork.extend([("elsewhere".to_owned(), "r".to_owned())]))
        },
    ),
    attack(
        "a token that forgets its own task",
        "A token of a task in a loop or under a constraint, which does not count it.",
        Stopped::Signed,
        |context| {
            let at = &context.transition.from;
            context.signed() && !context.begins() && (at.max_visits.is_some() || at.constrained)
        },
        |context| {
            context.minted(Flaw::Members, |claims| {
                let task = claims.wf.task.clone();
                claims.visits.remove(&task);
                claims.performers.remove(&task);
            })
        },
    ),
    attack(
        "a parent too many",
        "A token that names one parent twice.",
        Stopped::Signed,
        |context| context.signed() && !context.begins(),
        |context| context.minted(Flaw::Members, |claims| claims.parents.extend(claims.parents.first().cloned())),
    ),
    attack(
        "a name that is none",
        "A token whose arrival has a name that no gate gives.",
        Stopped::Signed,
        |context| context.signed(),
        |context| context.minted(Flaw::Members, |claims| claims.jti = "two words".into()),
    ),
];
