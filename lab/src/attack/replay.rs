//! The very same request again. At level `signed` each receiving replica accepts it once in the token's life.

use std::sync::Arc;

use stepgate_reference::Arrival;

use super::{Attack, Stopped, attack};
use crate::attack_context::{AttackContext, Requests};
use crate::workloads::Workload;

pub(super) const ALL: &[Attack] = &[
    attack(
        "replayed",
        "The holder sends the very same request again, once more than it may be taken.",
        Stopped::Signed,
        |context| context.transition.uses < 8,
        |context| {
            let one = context.honest()?;
            let uses = usize::try_from(context.transition.uses).unwrap_or(1);
            Ok(vec![one; uses.saturating_add(1)])
        },
    ),
    attack(
        "replayed at another replica",
        "The same request at a replica of the receiver that has not seen it: it has a record of its own.",
        Stopped::Never,
        |context| other(context).is_some() && context.transition.uses == 1,
        |context| elsewhere(context, 1),
    ),
    attack(
        "replayed at another replica twice",
        "The same request a second time at that replica.",
        Stopped::Signed,
        |context| other(context).is_some() && context.transition.uses == 1,
        |context| elsewhere(context, 2),
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

fn elsewhere(context: &AttackContext<'_>, times: usize) -> Requests {
    let Some(to) = other(context) else { return Ok(Vec::new()) };
    let one = context.honest()?;
    let mut there = one.clone();
    there.to = Arc::clone(to);
    Ok(std::iter::once(one).chain(vec![there; times]).collect())
}
