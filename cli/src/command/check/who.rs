//! Who may do what, beyond the names of the actors: workloads that are several actors, constraints, and other names of the
//! trust domain.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use stepgate_config::name::{ActorName, TaskName};
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Actor, Constraint, Relation, Task, Workflow};

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

/// Workloads that are an actor and that a reader may not expect: those of an open segment, and those of another trust domain.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Further {
    actor: String,
    /// A SPIFFE ID, perhaps with an open segment.
    spiffe: String,
    is_open: bool,
}

impl Further {
    /// Those of a workflow.
    pub(super) fn all(workflow: &Workflow) -> Vec<Self> {
        let of = |actor: &Arc<Actor>| {
            let name = actor.name.to_string();
            let further = |spiffe: String, is_open| Self { actor: name.clone(), spiffe, is_open };
            let open = actor.open.iter().map(|open| further(open.to_string(), true));
            let foreign = actor.spiffe.iter().filter(|id| id.trust_domain() != workflow.trust_domain.as_str());
            open.chain(foreign.map(|id| further(id.to_string(), false))).collect::<Vec<_>>()
        };
        workflow.actors.values().flat_map(of).collect()
    }
}

impl fmt::Display for Further {
    /// `` `runner` is every workload that fits `spiffe://t/ns/build/pod/{pod}` ``
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { actor, spiffe, is_open } = self;
        match is_open {
            true => write!(f, "`{actor}` is every workload that fits {spiffe}"),
            false => write!(f, "`{actor}` is {spiffe}, of another trust domain"),
        }
    }
}

/// A constraint that gates enforce.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ConstraintSummary {
    /// `separate` or `bind`.
    relation: &'static str,
    tasks: Vec<String>,
    /// Of `separate`: other tasks that a workload which performs one of these may perform, too.
    left_out: Vec<String>,
    #[serde(skip)]
    is_advice: bool,
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
    /// Of a constraint that gates enforce.
    pub(super) fn of(workflow: &Workflow, constraint: &Constraint) -> Self {
        let left_out = match constraint.relation {
            Relation::Separate => left_out(workflow, constraint),
            Relation::Bind => Vec::new(),
        };
        Self { left_out, ..Self::plain(constraint) }
    }

    /// Of a constraint that is only advice.
    pub(super) fn advice(constraint: &Constraint) -> Self {
        Self { is_advice: true, ..Self::plain(constraint) }
    }

    fn plain(constraint: &Constraint) -> Self {
        let relation = constraint.relation.as_str();
        let tasks = constraint.tasks.iter().map(ToString::to_string).collect();
        Self { relation, tasks, left_out: Vec::new(), is_advice: false }
    }
}

/// The tasks that a `separate` does not name, and that a workload which performs one of its tasks may perform, too. Where the
/// actors of its tasks share no workload, they keep it by themselves, and there is nothing to name.
fn left_out(workflow: &Workflow, constraint: &Constraint) -> Vec<String> {
    let named = constraint.tasks.iter().filter_map(|task| workflow.tasks.get(task));
    let named: Vec<&Task> = named.map(AsRef::as_ref).collect();
    let mut performs: BTreeMap<&SpiffeId, usize> = BTreeMap::new();
    for id in named.iter().flat_map(|task| &task.performer.spiffe) {
        let tasks = performs.entry(id).or_default();
        *tasks = tasks.saturating_add(1);
    }
    let is_contested = |id: &SpiffeId| performs.get(id).is_some_and(|tasks| *tasks > 1);
    let contested = named.iter().filter(|task| task.performer.spiffe.iter().any(is_contested));
    let ids: BTreeSet<&SpiffeId> = contested.flat_map(|task| &task.performer.spiffe).collect();
    let shares = |actor: &&Arc<Actor>| actor.spiffe.iter().any(|id| ids.contains(id));
    let actors: BTreeSet<&ActorName> = workflow.actors.values().filter(shares).map(|actor| &actor.name).collect();
    let named: BTreeSet<&TaskName> = constraint.tasks.iter().collect();
    let others = workflow.tasks.values().filter(|task| !named.contains(&task.name));
    others.filter(|task| actors.contains(&task.performer.name)).map(|task| task.name.to_string()).collect()
}

impl fmt::Display for ConstraintSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tasks = listed(&self.tasks);
        match (self.relation, self.is_advice) {
            ("bind", true) => {
                return write!(
                    f,
                    "several workloads may perform {tasks}: `bind` is only advice, which no gate enforces"
                );
            }
            (_, true) => {
                return write!(
                    f,
                    "one workload may perform {tasks}: `separate` is only advice, which no gate enforces"
                );
            }
            ("bind", false) => write!(f, "one workload performs {tasks} (`bind`)")?,
            _ if self.tasks.len() == 2 => write!(f, "no workload performs both {tasks} (`separate`)")?,
            _ => write!(f, "no workload performs two of {tasks} (`separate`)")?,
        }
        if self.left_out.is_empty() {
            return Ok(());
        }
        let both = if self.tasks.len() == 2 { "either" } else { "each" };
        write!(f, "; one that performs {both} of these may also perform {}", listed(&self.left_out))
    }
}
