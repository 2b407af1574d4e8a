//! A join without all its branches, or with those of others.

use super::{Attack, Stopped, attack};

pub(super) const ALL: &[Attack] = &[
    attack(
        "half the evidence",
        "The evidence of a join without one of its branches.",
        Stopped::Signed,
        |context| context.joins(),
        |context| context.arrived(|all| drop(all.pop())),
    ),
    attack(
        "one branch twice",
        "The evidence of one branch again, in the place of another's.",
        Stopped::Signed,
        |context| context.joins(),
        |context| {
            context.arrived(|all| {
                let again = all.first().cloned();
                if let (Some(last), Some(mut again)) = (all.last_mut(), again) {
                    again.name = format!("{}.again", again.name);
                    *last = again;
                }
            })
        },
    ),
    attack(
        "one token too many",
        "All the evidence of a join, and that of one branch again.",
        Stopped::Signed,
        |context| context.joins(),
        |context| {
            context.arrived(|all| {
                if let Some(mut again) = all.first().cloned() {
                    again.name = format!("{}.again", again.name);
                    all.push(again);
                }
            })
        },
    ),
    attack(
        "evidence of two rounds",
        "One branch's evidence is of another passage through the fork.",
        Stopped::Signed,
        |context| context.joins(),
        |context| {
            context.arrived(|all| {
                if let Some(last) = all.last_mut() {
                    last.past.round = Some("another.round".into());
                }
            })
        },
    ),
    attack(
        "evidence without a round",
        "No branch's evidence names a passage through the fork.",
        Stopped::Signed,
        |context| context.joins(),
        |context| context.each_arrived(|arrival| arrival.past.round = None),
    ),
    attack(
        "evidence of two instances",
        "One branch's evidence is of another instance.",
        Stopped::Signed,
        |context| context.joins(),
        |context| {
            context.arrived(|all| {
                all.pop();
                all.extend(context.other_instance().pop());
            })
        },
    ),
];
