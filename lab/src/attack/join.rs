//! A join without all its branches, or with those of others.

use stepgate_config::workflow::Transition;

use super::{Attack, Stopped, attack};
use crate::attack_context::{AttackContext, other_id};

/// Longer than any leeway.
const HOUR: u64 = 3600;

pub(super) const ALL: &[Attack] = &[
    attack(
        "half the evidence",
        "The evidence of a join without one of its branches.",
        Stopped::Signed,
        needs_all,
        |context| context.arrived(|all| drop(all.pop())),
    ),
    attack(
        "the other half of the evidence",
        "The evidence of a join without the first of its branches.",
        Stopped::Signed,
        needs_all,
        |context| {
            context.arrived(|all| {
                all.reverse();
                all.pop();
            })
        },
    ),
    attack(
        "stale evidence",
        "The evidence of a join, of which one branch's has expired.",
        Stopped::Signed,
        |context| context.joins(),
        |context| {
            let life = context.transition.from.ttl.as_secs().saturating_add(HOUR);
            context.arrived(|all| all.last_mut().into_iter().for_each(|last| last.times = last.times.earlier(life)))
        },
    ),
    attack(
        "evidence of somebody else",
        "The evidence of a join, of which another workload holds one branch's.",
        Stopped::Signed,
        |context| context.joins(),
        |context| {
            let mut arrivals = context.arrivals();
            let last = arrivals.pop();
            let mut steps = context.show(arrivals)?;
            let other = other_id(&context.from.id)?;
            steps.extend(last.map(|last| context.fixture.token(last, &other, context.kind())).transpose()?);
            context.with(steps)
        },
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

/// Whether no transition by this caller to that actor needs only a part of the evidence.
fn needs_all(context: &AttackContext<'_>) -> bool {
    let whole = context.transition;
    let is_part = |t: &Transition| {
        t.sources().len() < whole.sources().len()
            && t.sources().iter().all(|one| whole.sources().iter().any(|source| source.name == one.name))
            && (&t.caller.name, &t.to.performer.name) == (&whole.caller.name, &whole.to.performer.name)
    };
    context.joins() && !context.workflow().transitions.iter().any(|t| is_part(t))
}
