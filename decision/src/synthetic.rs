//! The tokens of a step as the gates would have minted them: for `--at TASK` of the command, and for cases and tests.

use std::sync::Arc;

use stepgate_config::name::TaskName;
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Assurance, JoinKind, Task, Transition, Workflow};

use crate::time::UnixTime;
use crate::token::{Claims, StepClaim, TokenType, start_jti};

/// A step and its holder.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// The workflow.
    pub workflow: &'a Workflow,
    /// The task reached.
    pub task: &'a Task,
    /// The holder: the performer (arrival) or the caller (receipt).
    pub holder: &'a SpiffeId,
    /// The instance.
    pub instance: &'a str,
    /// Arrival or receipt.
    pub token_type: TokenType,
    /// When it was issued.
    pub issued: UnixTime,
}

/// The claims of that step: one token, or at a join one for each source; of the join of several tasks one at each of them.
///
/// They are the claims that a gate would have minted for the shortest way to the task: each task on a cycle is
/// visited once at most, and each fork has the name of its synthetic arrival.
pub fn synthetic_claims(step: &Step<'_>) -> Vec<Claims> {
    match step.workflow.joins.get(&step.task.name) {
        Some(join) if join.several => {
            let tasks = join.sources.iter().filter_map(|source| step.workflow.tasks.get(source));
            tasks.map(|task| claims(&Step { task, ..*step }, None)).collect()
        }
        Some(join) if step.task.join == JoinKind::All => {
            join.sources.iter().map(|source| claims(step, Some(source))).collect()
        }
        _ => vec![claims(step, None)],
    }
}

fn claims(step: &Step<'_>, from: Option<&TaskName>) -> Claims {
    let Step { workflow, task, holder, instance, issued, .. } = *step;
    let dl = issued.plus(workflow.deadline);
    let performer = match (step.token_type, task.performer.examples.first()) {
        (TokenType::Receipt, Some(performer)) => performer,
        _ => holder,
    };
    let issuer = issuer(step, performer);
    // The name of an arrival has no `+`.
    let source = from.map(|from| from.as_str().replace('+', "_"));
    let jti = if is_start(step) {
        start_jti(&workflow.name, instance, issuer, holder)
    } else {
        arrival(instance, &task.name, source.as_deref().unwrap_or("-"))
    };
    let parent = format!("{instance}.{}", source.as_deref().unwrap_or("before"));
    let parents = match parents(step, from) {
        _ if is_start(step) => Vec::new(),
        1 => vec![parent],
        several => (0..several).map(|n| format!("{parent}.{n}")).collect(),
    };
    Claims {
        iss: issuer.clone(),
        sub: holder.clone(),
        txn: instance.to_owned(),
        iat: issued,
        exp: issued.plus(task.ttl).min(dl),
        dl,
        parents,
        wf: StepClaim::of(workflow, task, from),
        visits: task.max_visits.map(|_| (task.name.clone(), 1)).into_iter().collect(),
        performers: task
            .records(performer)
            .then(|| (task.name.clone(), [workflow.domain.canonical(performer).into_owned()].into()))
            .into_iter()
            .collect(),
        fork: task
            .carries
            .iter()
            .map(|join| (join.clone(), round(workflow, join, instance)))
            .chain(task.forks.iter().map(|join| (join.clone(), jti.clone())))
            .collect(),
        rep: None,
        to: None,
        aud: None,
        jti,
    }
}

/// How many tokens the first transition that leads there presents.
fn parents(step: &Step<'_>, from: Option<&TaskName>) -> usize {
    let leads = |t: &&Arc<Transition>| t.to.name == step.task.name && from.is_none_or(|from| t.from.name == *from);
    let before = step.workflow.transitions.iter().find(leads).and_then(|t| step.workflow.joins.get(&t.from.name));
    before.map_or(1, |join| join.sources.len())
}

/// The round of a join whose fork lies behind: `INSTANCE.FORK.-`, also where the fork itself is shown beside; after a fork that
/// is itself a join, `@` and its name follow.
fn round(workflow: &Workflow, join: &TaskName, instance: &str) -> String {
    match workflow.joins.get(join).map(|join| &join.fork) {
        Some(fork) if workflow.joins.contains_key(fork) => format!("{}@{fork}", round(workflow, fork, instance)),
        fork => arrival(instance, fork.unwrap_or(join), "-"),
    }
}

/// The `jti` of an arrival. It has no `+`.
fn arrival(instance: &str, task: &TaskName, source: &str) -> String {
    format!("{instance}.{task}.{source}")
}

/// Whether it is a start: the arrival at an initial task, held by the initiator.
fn is_start(step: &Step<'_>) -> bool {
    step.task.initial && step.token_type == TokenType::Arrival
}

/// A start at `signed` is issued by the gate that was called first, any other step by its performer's.
fn issuer<'a>(step: &Step<'a>, performer: &'a SpiffeId) -> &'a SpiffeId {
    let called = || step.workflow.leaving(step.task).next().and_then(|t| t.to.performer.examples.first());
    let by_called = is_start(step) && step.workflow.assurance != Assurance::Once;
    if by_called { called().unwrap_or(performer) } else { performer }
}
