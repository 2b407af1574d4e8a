//! Tokens before and after their time.

use std::time::Duration;

use stepgate_decision::UnixTime;

use super::{Attack, Stopped, attack};
use crate::attempt::now;

/// Longer than any leeway.
const HOUR: u64 = 3600;
/// Well within the leeway that the lab's gates give tokens, and an instance not.
const MOMENT: u64 = 3;

pub(super) const ALL: &[Attack] = &[
    attack(
        "past its time",
        "A token that has expired.",
        Stopped::Signed,
        |scene| scene.signed(),
        |scene| {
            let life = scene.workflow().task_ttl.as_secs().saturating_add(HOUR);
            scene.minted(|claims| {
                for time in [&mut claims.iat, &mut claims.exp, &mut claims.dl] {
                    *time = UnixTime::from_seconds(time.seconds().saturating_sub(life));
                }
            })
        },
    ),
    attack(
        "before its time",
        "A token that was issued in the future.",
        Stopped::Signed,
        |scene| scene.signed(),
        |scene| {
            scene.minted(|claims| {
                for time in [&mut claims.iat, &mut claims.exp, &mut claims.dl] {
                    *time = time.plus(Duration::from_secs(HOUR));
                }
            })
        },
    ),
    attack(
        "past the deadline",
        "The token is within the leeway of its end, the instance is over.",
        Stopped::Signed,
        |scene| scene.signed(),
        |scene| {
            let workflow = scene.workflow();
            let life = workflow.task_ttl.min(workflow.deadline).as_secs();
            let end = now().seconds().saturating_sub(MOMENT);
            scene.minted(|claims| {
                claims.iat = UnixTime::from_seconds(end.saturating_sub(life));
                claims.exp = UnixTime::from_seconds(end);
                claims.dl = UnixTime::from_seconds(end);
            })
        },
    ),
    attack(
        "a life that no gate gives",
        "A token that ends later than its workflow lets any.",
        Stopped::Signed,
        |scene| scene.signed(),
        |scene| {
            let long = scene.workflow().deadline.saturating_mul(2);
            scene.minted(|claims| {
                claims.dl = claims.iat.plus(long);
                claims.exp = claims.dl;
            })
        },
    ),
];
