//! The very same request again. At level `signed` each receiving replica accepts it once in the token's life.

use std::sync::Arc;

use stepgate_reference::Arrival;

use super::{Attack, Stopped, attack};
use crate::attack_context::{AttackContext, Requests};
use crate::workloads::Workload;

/// Transitions with so many uses are not tried to the end.
const MOST: u32 = 8;

pub(super) const ALL: &[Attack] = &[
    attack(
        "replayed",
        "The holder sends the very same request again, once more than it may be taken.",
        Stopped::Signed,
        |context| context.transition.uses < MOST,
        |context| Ok(vec![context.honest()?; uses(context).saturating_add(1)]),
    ),
    attack(
        "replayed at another replica",
        "The same request at a replica of the receiver that has not seen it: it has a record of its own.",
        Stopped::Never,
        |context| other(context).is_some() && context.transition.uses < MOST,
        |context| elsewhere(context, 0),
    ),
    attack(
        "replayed at another replica twice",
        "The same request at that replica, once more than it may be taken there.",
        Stopped::Signed,
        |context| other(context).is_some() && context.transition.uses < MOST,
        |context| elsewhere(context, 1),
    ),
    attack(
        "begun again",
        "The request that begins an instance, again: it begins another one.",
        Stopped::Never,
        |context| context.begins(),
        |context| Ok(vec![context.request(); 2]),
    ),
];

/// Another workload behind the receiving actor that may take the request: another replica, or another identity.
fn other<'a>(context: &AttackContext<'a>) -> Option<&'a Arc<Workload>> {
    let arrivals: Vec<Arc<Arrival>> = context.arrivals().into_iter().map(Arc::new).collect();
    let may = |other: &&Arc<Workload>| {
        let reader = &context.fixture.reader;
        other.name != context.to.name && reader.keeps_constraints(&arrivals, &context.transition.to, &other.id)
    };
    context.fixture.workloads.of_actor(&context.to.actor).iter().find(may)
}

fn uses(context: &AttackContext<'_>) -> usize {
    usize::try_from(context.transition.uses).unwrap_or(1)
}

/// The request at its replica, and as often as it may be taken and so often more at the other.
fn elsewhere(context: &AttackContext<'_>, more: usize) -> Requests {
    let Some(to) = other(context) else { return Ok(Vec::new()) };
    let one = context.honest()?;
    let mut there = one.clone();
    there.to = Arc::clone(to);
    Ok(std::iter::once(one).chain(vec![there; uses(context).saturating_add(more)]).collect())
}
