//! Separation and binding of duty.

use stepgate_config::name::TaskName;
use stepgate_config::sorted::SortedSet;
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Relation, Workflow};

use crate::denial::Denial;
use crate::token::Performers;

/// Whether the performers of the tasks so far, this one included, keep every constraint.
pub(super) fn check(workflow: &Workflow, performers: &Performers) -> Result<(), Denial> {
    for constraint in &workflow.constraints {
        let mut earlier: Vec<(&TaskName, &SortedSet<SpiffeId>)> = Vec::new();
        for task in &constraint.tasks {
            let Some(ids) = performers.get(task) else { continue };
            // Bound to one workload, also when the task is entered again.
            if constraint.relation == Relation::Bind && ids.len() > 1 {
                return Err(Denial::Constraint { tasks: [task.clone(), task.clone()] });
            }
            for &(other, theirs) in &earlier {
                let kept = match constraint.relation {
                    Relation::Separate => ids.is_disjoint(theirs),
                    Relation::Bind => ids == theirs,
                };
                if !kept {
                    return Err(Denial::Constraint { tasks: [other.clone(), task.clone()] });
                }
            }
            earlier.push((task, ids));
        }
    }
    Ok(())
}
