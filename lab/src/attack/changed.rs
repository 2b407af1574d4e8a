//! Claims that were altered under the signature of the original ones.

use serde_json::json;
use stepgate_reference::{Flaw, alter};

use super::{Attack, Stopped, attack};
use crate::attack_context::{altered, other_id};

pub(super) const ALL: &[Attack] = &[
    attack(
        "its holder changed",
        "A token of another holder, with `sub` changed to the sender's.",
        Stopped::Signed,
        |context| context.signed(),
        |context| {
            let (own, other, kind) = (&context.from.id, other_id(&context.from.id)?, context.kind());
            let sign = |arrival| context.fixture.token(arrival, &other, kind);
            let tokens = context.arrivals().into_iter().map(sign).collect::<Result<_, _>>()?;
            context.with(altered(tokens, Flaw::Content, |token| {
                alter::claims(token, |claims| drop(claims.insert("sub".into(), own.as_str().into())))
            }))
        },
    ),
    attack(
        "its task changed",
        "A token of another task, with `wf.task` changed to the expected one.",
        Stopped::Signed,
        |context| context.signed(),
        |context| {
            let other = &context.transition.to.name;
            let lie = |claims: &mut stepgate_reference::Claims| claims.wf.task = other.to_string();
            let sign = |one| context.fixture.lie(one, &context.from.id, context.kind(), Flaw::Content, lie);
            let arrivals = context.arrivals();
            let due: Vec<String> = arrivals.iter().map(|arrival| arrival.task.name.to_string()).collect();
            let mut due = due.into_iter();
            let tokens = arrivals.into_iter().map(sign).collect::<Result<_, _>>()?;
            context.with(altered(tokens, Flaw::Content, |token| {
                let due = due.next().unwrap_or_default();
                alter::claims(token, |claims| {
                    if let Some(wf) = claims.get_mut("wf").and_then(|wf| wf.as_object_mut()) {
                        wf.insert("task".into(), due.as_str().into());
                    }
                })
            }))
        },
    ),
    attack(
        "its instance changed",
        "A token of another instance, with `txn` and `jti` changed so that it counts as new.",
        Stopped::Signed,
        |context| context.signed(),
        |context| {
            context.altered(Flaw::Content, |token| {
                alter::claims(token, |claims| {
                    claims.insert("txn".into(), json!("another"));
                    claims.insert("jti".into(), json!("another"));
                })
            })
        },
    ),
    attack(
        "its history changed",
        "The counts of a loop and who has done what are taken out.",
        Stopped::Signed,
        |context| {
            let at = &context.transition.from;
            context.signed() && (at.max_visits.is_some() || at.constrained)
        },
        |context| {
            context.altered(Flaw::Content, |token| {
                alter::claims(token, |claims| {
                    claims.remove("visits");
                    claims.remove("performers");
                })
            })
        },
    ),
];
