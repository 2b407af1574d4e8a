//! Separation and binding of duty.

use stepgate_config::name::TaskName;
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Constraint, Relation};

use super::{Attack, Stopped, attack};
use crate::attack_context::{AttackContext, Requests, other_id};

pub(super) const ALL: &[Attack] = &[
    attack(
        "the same workload for two duties",
        "The receiver has already done a task from which this one is kept separate.",
        Stopped::Signed,
        |context| earlier(context, Relation::Separate).is_some(),
        |context| {
            let Some(task) = earlier(context, Relation::Separate) else { return Ok(Vec::new()) };
            done_by(context, task, &context.to.id)
        },
    ),
    attack(
        "another workload for one duty",
        "Another workload has performed a task that must have the same performer as this one.",
        Stopped::Signed,
        |context| earlier(context, Relation::Bind).is_some(),
        |context| {
            let Some(task) = earlier(context, Relation::Bind) else { return Ok(Vec::new()) };
            done_by(context, task, &other_id(&context.to.id)?)
        },
    ),
];

/// Another task under a constraint with the one ahead.
fn earlier<'a>(context: &AttackContext<'a>, relation: Relation) -> Option<&'a TaskName> {
    let to = &context.transition.to.name;
    let binds = |constraint: &&Constraint| constraint.relation == relation && constraint.tasks.contains(to);
    let mut constraints = context.workflow().constraints.iter().filter(binds);
    constraints.find_map(|constraint| constraint.tasks.iter().find(|task| *task != to)).filter(|_| context.signed())
}

fn done_by(context: &AttackContext<'_>, task: &TaskName, id: &SpiffeId) -> Requests {
    context.each_arrived(|arrival| {
        if arrival.task.name == *task {
            arrival.performer = id.clone();
        } else {
            arrival.past.performed.insert((task.clone(), id.clone()));
        }
    })
}
