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
];
