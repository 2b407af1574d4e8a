//! Separation and binding of duty.

use stepgate_config::name::TaskName;
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Constraint, Relation};

use super::{Attack, Stopped, attack};
use crate::LabError;
use crate::attempt::Attempt;
use crate::expectation::Shown;
use crate::scene::{Move, Scene};

pub(super) const ALL: &[Attack] = &[
    attack(
        "the same workload for two duties",
        "The receiver has already done a task from which this one is kept separate.",
        Stopped::Signed,
        |scene| earlier(scene, Relation::Separate).is_some(),
        |scene| {
            let Some(task) = earlier(scene, Relation::Separate) else { return Ok(Vec::new()) };
            done_by(scene, task, &scene.to.id)
        },
    ),
    attack(
        "another workload for one duty",
        "Somebody else has done a task to whose performer this one is bound.",
        Stopped::Signed,
        |scene| earlier(scene, Relation::Bind).is_some(),
        |scene| {
            let Some(task) = earlier(scene, Relation::Bind) else { return Ok(Vec::new()) };
            let other = format!("{}-other", scene.to.id);
            let other = SpiffeId::try_from(other.as_bytes()).map_err(|error| LabError::Gate(error.to_string()))?;
            done_by(scene, task, &other)
        },
    ),
];

/// Another task under a constraint with the one ahead.
fn earlier<'a>(scene: &Scene<'a>, relation: Relation) -> Option<&'a TaskName> {
    let to = &scene.transition.to.name;
    let binds = |constraint: &&Constraint| constraint.relation == relation && constraint.tasks.contains(to);
    let mut constraints = scene.workflow().constraints.iter().filter(binds);
    constraints.find_map(|constraint| constraint.tasks.iter().find(|task| *task != to)).filter(|_| scene.signed())
}

fn done_by(scene: &Scene<'_>, task: &TaskName, id: &SpiffeId) -> Result<Vec<Move>, LabError> {
    let (mut claims, mut held) = (scene.claims(), scene.held());
    for one in &mut claims {
        one.performers.insert(task.clone(), std::iter::once(id.clone()).collect());
    }
    // A start says nothing of the past, so its history could not be changed without breaking it: there the claim
    // is only that the initiator itself has done the task.
    held.performed.retain(|(done, _)| done != task);
    held.performed.insert((task.clone(), id.clone()));
    let attempt = Attempt { steps: scene.sign(&claims)?, ..scene.request() };
    Ok(vec![Move { attempt, shown: Shown::Step(held) }])
}
