//! Claims that were altered under the signature of what they were.

use serde_json::json;
use stepgate_config::spiffe::SpiffeId;

use super::{Attack, Stopped, attack};
use crate::jws::with_claims;

pub(super) const ALL: &[Attack] = &[
    attack(
        "its holder changed",
        "A token of another holder, with `sub` changed to the sender's.",
        Stopped::Signed,
        |scene| scene.signed(),
        |scene| {
            let mut claims = scene.claims();
            for one in &mut claims {
                if let Ok(other) = SpiffeId::try_from(format!("{}-other", one.sub).as_bytes()) {
                    one.sub = other;
                }
            }
            let own = scene.from.id.as_str();
            let tokens = scene.sign(&claims)?;
            let change = |token: &String| with_claims(token, |claims| drop(claims.insert("sub".into(), own.into())));
            Ok(scene.worthless(tokens.iter().map(change).collect()))
        },
    ),
    attack(
        "its task changed",
        "A token of another task, with `wf.task` changed to the one that is due.",
        Stopped::Signed,
        |scene| scene.signed(),
        |scene| {
            let mut claims = scene.claims();
            for one in &mut claims {
                one.wf.task = scene.transition.to.name.clone();
            }
            let due = scene.transition.from.name.as_str();
            let tokens = scene.sign(&claims)?;
            let change = |token: &String| {
                with_claims(token, |claims| {
                    if let Some(wf) = claims.get_mut("wf").and_then(|wf| wf.as_object_mut()) {
                        wf.insert("task".into(), due.into());
                    }
                })
            };
            Ok(scene.worthless(tokens.iter().map(change).collect()))
        },
    ),
    attack(
        "its instance changed",
        "A token of another instance, with `txn` and `jti` changed so that it counts as new.",
        Stopped::Signed,
        |scene| scene.signed(),
        |scene| {
            scene.altered(|token| {
                with_claims(token, |claims| {
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
        |scene| scene.signed() && scene.claims().iter().any(|one| !one.visits.is_empty() || !one.performers.is_empty()),
        |scene| {
            scene.altered(|token| {
                with_claims(token, |claims| {
                    claims.remove("visits");
                    claims.remove("performers");
                })
            })
        },
    ),
];
