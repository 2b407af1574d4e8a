//! The tasks before an example step: who performed those under a constraint, and which loops the instance has entered.

use std::collections::BTreeSet;
use std::iter;
use std::sync::Arc;

use stepgate_config::name::TaskName;
use stepgate_config::workflow::{Task, Workflow};
use stepgate_decision::token::{Claims, Performers};

use super::error::CommandError;
use super::{names, output};

/// Reads `TASK=ID`, the value of `--performed`.
pub(super) fn performed(text: &str) -> Result<(String, String), &'static str> {
    let (task, id) = text.split_once('=').ok_or("it is written `TASK=ACTOR` or `TASK=SPIFFE-ID`")?;
    Ok((task.to_owned(), id.to_owned()))
}

/// What tokens of a task say of the tasks before it.
#[derive(Default)]
pub(super) struct History {
    /// The tasks on loops that every instance has entered.
    passed: Vec<TaskName>,
    performers: Performers,
    /// Tasks under a constraint that the instance may have passed, of which no performer is known.
    pub(super) unknown: Vec<TaskName>,
}

impl History {
    /// The history of a task, with the performers that `--performed TASK=ID` gives. Where a task must have been passed
    /// and one workload alone performs it, that one did.
    pub(super) fn of(workflow: &Workflow, at: &Task, performed: &[(String, String)]) -> Result<Self, CommandError> {
        let mut history = Self::default();
        for (task, id) in performed {
            let task = names::task(workflow, task, "--performed")?;
            let id = names::spiffe_id(workflow, id, "--performed")?;
            let wrong = |why| CommandError::usage(format!("--performed: {why}"));
            if !task.constrained {
                return Err(wrong(format!("no constraint names `{}`", task.name))
                    .help("tokens say only who performed the tasks that constraints name"));
            }
            if !task.performer.includes(&id) {
                let (task, actor, id) = (&task.name, &task.performer, output::escape(id.as_str()));
                return Err(wrong(format!("`{id}` does not perform `{task}`")).help(format!(
                    "the workloads of `{}` are {}",
                    actor.name,
                    names::listed(&actor.examples)
                )));
            }
            history.performers.entry(task.name.clone()).or_default().insert(id);
        }
        for task in workflow.tasks.values().filter(|task| task.name != at.name) {
            let initial = workflow.tasks.values().filter(|task| task.initial);
            let must = !reached(workflow, initial, Some(task)).contains(&at.name);
            if must && task.max_visits.is_some() {
                history.passed.push(task.name.clone());
            }
            if !task.constrained || history.performers.contains_key(&task.name) {
                continue;
            }
            match task.performer.examples.as_slice() {
                [only] if must => {
                    history.performers.insert(task.name.clone(), [only.clone()].into());
                }
                _ if reached(workflow, iter::once(task), None).contains(&at.name) => {
                    history.unknown.push(task.name.clone());
                }
                _ => {}
            }
        }
        Ok(history)
    }

    /// Adds it to the claims of a token.
    pub(super) fn add_to(&self, claims: &mut Claims) {
        for task in &self.passed {
            claims.visits.entry(task.clone()).or_insert(1);
        }
        for (task, ids) in &self.performers {
            claims.performers.entry(task.clone()).or_default().extend(ids.iter().cloned());
        }
    }
}

/// The tasks on paths from `starts`, these included, that do not enter `without`.
fn reached<'w>(
    workflow: &'w Workflow,
    starts: impl Iterator<Item = &'w Arc<Task>>,
    without: Option<&Task>,
) -> BTreeSet<&'w TaskName> {
    let (mut found, mut open) = (BTreeSet::new(), starts.collect::<Vec<_>>());
    while let Some(task) = open.pop() {
        if without.is_none_or(|without| without.name != task.name) && found.insert(&task.name) {
            open.extend(workflow.leaving_with_others(task).flat_map(|transition| [&transition.from, &transition.to]));
        }
    }
    found
}
