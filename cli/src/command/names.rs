//! The names and identities of a workflow, by the text of an argument.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::sync::Arc;

use stepgate_config::name::{ActorName, TaskName};
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Actor, Task, Transition, Workflow};

use super::error::CommandError;
use super::output;

/// Most names that a message lists.
const MAX_LISTED: usize = 12;

/// The identity that the flag gives: the first one of an actor, or any SPIFFE ID.
pub(super) fn identity(workflow: &Workflow, given: &str, flag: &str) -> Result<String, CommandError> {
    if given.contains("://") {
        return Ok(given.to_owned());
    }
    let actor = workflow.actors.get(given).ok_or_else(|| {
        let known = suggest(given, workflow.actors.keys().map(ActorName::as_str), "the actors are");
        CommandError::usage(format!("{flag}: `{}` has no actor `{}`", workflow.name, output::escape(given)))
            .help(format!("{known} (or give a whole SPIFFE ID, `spiffe://…`)"))
    })?;
    let first = actor.examples.first().map(ToString::to_string);
    first.ok_or_else(|| CommandError::usage(format!("{flag}: the actor `{given}` has no SPIFFE ID")))
}

/// The same, as a SPIFFE ID.
pub(super) fn spiffe_id(workflow: &Workflow, given: &str, flag: &str) -> Result<SpiffeId, CommandError> {
    let id = identity(workflow, given, flag)?;
    SpiffeId::try_from(id.as_bytes()).map_err(|error| {
        CommandError::usage(format!("{flag}: `{}` is not the SPIFFE ID of a workload: {error}", output::escape(given)))
            .help(format!(
                "write `spiffe://{}/PATH`, or an actor: {}",
                workflow.trust_domain,
                listed(workflow.actors.keys())
            ))
    })
}

/// The task with the name that the flag gives.
pub(super) fn task<'w>(workflow: &'w Workflow, given: &str, flag: &str) -> Result<&'w Arc<Task>, CommandError> {
    workflow.tasks.get(given).ok_or_else(|| {
        CommandError::usage(format!("{flag}: `{}` has no task `{}`", workflow.name, output::escape(given)))
            .help(suggest(given, workflow.tasks.keys().map(|name| name.as_str()), "the tasks are"))
    })
}

/// The same, or `A+B`: the join of several tasks that a transition leaves together.
pub(super) fn task_or_several<'w>(
    workflow: &'w Workflow,
    given: &str,
    flag: &str,
) -> Result<&'w Arc<Task>, CommandError> {
    let named: BTreeSet<&str> = given.split('+').collect();
    let is_named = |t: &&Arc<Transition>| {
        t.sources().len() == named.len() && t.sources().iter().all(|source| named.contains(source.name.as_str()))
    };
    if !given.contains('+') {
        return task(workflow, given, flag);
    }
    if let Some(transition) = workflow.transitions.iter().filter(|_| named.len() > 1).find(is_named) {
        return Ok(&transition.from);
    }
    for one in given.split('+') {
        task(workflow, one, flag)?;
    }
    let together: BTreeSet<&TaskName> =
        workflow.transitions.iter().filter(|t| t.sources().len() > 1).map(|t| &t.from.name).collect();
    Err(CommandError::usage(format!("{flag}: no transition of `{}` leaves {} together", workflow.name, listed(named)))
        .help(format!("tasks with one transition from all of them: {}", listed(together))))
}

/// The actors that the workload with this identity is.
pub(super) fn actors_of<'w>(workflow: &'w Workflow, id: &str) -> Vec<&'w Actor> {
    let id = SpiffeId::try_from(id.as_bytes());
    workflow.actors.values().map(AsRef::as_ref).filter(|actor| id.as_ref().is_ok_and(|id| actor.includes(id))).collect()
}

/// `author`, or `author and reviewer`: the names of the actors that the workload is; none for any other workload.
pub(super) fn roles_of(workflow: &Workflow, id: &str) -> Option<String> {
    let names: Vec<&str> = actors_of(workflow, id).into_iter().map(|actor| actor.name.as_str()).collect();
    Some(names.join(" and ")).filter(|names| !names.is_empty())
}

/// The name of the actor with this identity, and the identity if the actor has several or the workload is several actors;
/// for any other workload the identity.
pub(super) fn name_of(workflow: &Workflow, id: &str) -> String {
    match (actors_of(workflow, id).as_slice(), roles_of(workflow, id)) {
        ([actor], _) if actor.examples.len() == 1 => actor.name.to_string(),
        (_, Some(names)) => format!("{names} ({id})"),
        (_, None) => id.to_owned(),
    }
}

/// ``did you mean `grade`?``, or all names if none is similar.
pub(super) fn suggest<'n>(given: &str, names: impl Iterator<Item = &'n str>, all_are: &str) -> String {
    let names: Vec<&str> = names.collect();
    // Names have at most 64 bytes; comparing costs the product of the lengths.
    let similar = names
        .iter()
        .filter(|_| given.len() <= 64)
        .map(|name| (strsim::damerau_levenshtein(given, name), *name))
        .filter(|(distance, _)| *distance <= (given.chars().count() / 3).max(1))
        .min();
    match similar {
        Some((_, name)) => format!("did you mean `{name}`?"),
        None => format!("{all_are} {}", listed(names)),
    }
}

/// `a`, `b` and 7 more.
pub(super) fn listed(names: impl IntoIterator<Item = impl Display>) -> String {
    let mut shown: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    let hidden = shown.len().saturating_sub(MAX_LISTED);
    if hidden > 0 {
        shown.truncate(MAX_LISTED);
        shown.push(format!("{hidden} more"));
    }
    match shown.pop() {
        None => "none".into(),
        Some(last) if shown.is_empty() => last,
        Some(last) => format!("{} and {last}", shown.join(", ")),
    }
}
