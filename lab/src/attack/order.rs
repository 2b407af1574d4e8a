//! Steps out of their order.

use std::sync::Arc;

use stepgate_config::workflow::Transition;
use stepgate_reference::{Arrival, Kind};

use super::{Attack, Stopped, attack};
use crate::attack_context::{AttackContext, Requests, plain_step};
use crate::attempt::{Attempt, Sender};

pub(super) const ALL: &[Attack] = &[
    attack(
        "a skipped step",
        "A caller that may take this transition makes the request of the one after it.",
        Stopped::Always,
        |context| next(context).is_some(),
        skipped,
    ),
    attack(
        "a step back",
        "The performer of this task shows its step to the actor that called it.",
        Stopped::Always,
        |context| !leads(context, &context.transition.to.name, &context.transition.from.performer.name),
        back,
    ),
];

/// A transition after this one that could not be taken from here anyway.
fn next<'a>(context: &AttackContext<'a>) -> Option<&'a Arc<Transition>> {
    let further = context.workflow().transitions.iter().filter(|t| t.from.name == context.transition.to.name);
    let mut skips = further.filter(|t| !leads(context, &context.transition.from.name, &t.to.performer.name));
    skips.next()
}

/// Whether any transition leads from a task to one of an actor's.
fn leads(
    context: &AttackContext<'_>,
    from: &stepgate_config::name::TaskName,
    to: &stepgate_config::name::ActorName,
) -> bool {
    context.workflow().transitions.iter().any(|t| t.from.name == *from && t.to.performer.name == *to)
}

fn skipped(context: &AttackContext<'_>) -> Requests {
    let Some(next) = next(context) else { return Ok(Vec::new()) };
    let to = context.fixture.workloads.turn(&next.to.performer, 0).unwrap_or(context.to);
    let attempt = context.fixture.attempt(Sender::Workload(Arc::clone(context.from)), to, &next.to);
    Ok(vec![Attempt { steps: context.steps()?, ..attempt }])
}

fn back(context: &AttackContext<'_>) -> Requests {
    let (at, sender) = (&context.transition.to, context.to);
    let earlier = &context.transition.from;
    let Some(to) = context.fixture.workloads.turn(&earlier.performer, 0) else { return Ok(Vec::new()) };
    let steps = if context.signed() {
        let arrivals = Arrival::assumed(
            context.workflow(),
            at,
            (&sender.id, Kind::Arrival),
            context.instance,
            context.fixture.now(),
        );
        let token = |arrival| context.fixture.token(arrival, &sender.id, Kind::Arrival);
        arrivals.into_iter().map(token).collect::<Result<_, _>>()?
    } else {
        vec![plain_step(context.workflow(), at)]
    };
    Ok(vec![Attempt { steps, ..context.fixture.attempt(Sender::Workload(Arc::clone(sender)), to, earlier) }])
}
