//! Who may do what, beyond the names of the actors: workloads that are several actors, constraints, and other names of the
//! trust domain.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Actor, Constraint, Workflow};

use crate::command::names::listed;

/// A workload that is several actors: each of its parts.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Workload {
    spiffe: String,
    roles: Vec<Role>,
}

/// One of its actors, and the tasks that it performs as this actor.
#[derive(Debug, Serialize, JsonSchema)]
struct Role {
    actor: String,
    tasks: Vec<String>,
}

/// A constraint that gates enforce.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ConstraintSummary {
    /// `separate` or `bind`.
    relation: &'static str,
    tasks: Vec<String>,
}

impl Workload {
    /// The workloads of a workflow that are several actors.
    pub(super) fn all(workflow: &Workflow) -> Vec<Self> {
        let mut workloads: BTreeMap<&SpiffeId, Vec<&Actor>> = BTreeMap::new();
        for actor in workflow.actors.values() {
            actor.spiffe.iter().for_each(|id| workloads.entry(id).or_default().push(actor));
        }
        let role = |actor: &&Actor| {
            let tasks = workflow.tasks.values().filter(|task| task.performer.name == actor.name);
            Role { actor: actor.name.to_string(), tasks: tasks.map(|task| task.name.to_string()).collect() }
        };
        let several = workloads.into_iter().filter(|(_, actors)| actors.len() > 1);
        several.map(|(id, actors)| Self { spiffe: id.to_string(), roles: actors.iter().map(role).collect() }).collect()
    }
}

impl fmt::Display for Workload {
    /// `spiffe://t/ns/x/sa/desk is `auditor` (performs `audit`) and `desk` (performs `open`)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is ", self.spiffe)?;
        for (at, Role { actor, tasks }) in self.roles.iter().enumerate() {
            f.write_str(if at > 0 { " and " } else { "" })?;
            match tasks.as_slice() {
                [] => write!(f, "`{actor}`")?,
                tasks => write!(f, "`{actor}` (performs {})", listed(tasks))?,
            }
        }
        Ok(())
    }
}

impl ConstraintSummary {
    pub(super) fn of(constraint: &Constraint) -> Self {
        let relation = constraint.relation.as_str();
        Self { relation, tasks: constraint.tasks.iter().map(ToString::to_string).collect() }
    }
}

impl fmt::Display for ConstraintSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tasks = listed(&self.tasks);
        match self.relation {
            "bind" => write!(f, "one workload performs {tasks} (`bind`)"),
            _ if self.tasks.len() == 2 => write!(f, "no workload performs both {tasks} (`separate`)"),
            _ => write!(f, "no workload performs two of {tasks} (`separate`)"),
        }
    }
}
