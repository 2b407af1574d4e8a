//! The tokens that a rightful holder of a step would have: what `--at TASK` of the command stands
//! for, and what cases and tests begin with.

use std::collections::{BTreeMap, BTreeSet};

use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{JoinKind, Task, Workflow};

use crate::time::UnixTime;
use crate::token::{Claims, StepClaim, TokenType, start_name};

/// A step that somebody holds.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// The workflow.
    pub workflow: &'a Workflow,
    /// The task reached.
    pub task: &'a Task,
    /// Who holds it: the performer (arrival) or the caller (receipt).
    pub holder: &'a SpiffeId,
    /// Which instance.
    pub instance: &'a str,
    /// Which of the two.
    pub token_type: TokenType,
    /// When it was issued.
    pub issued: UnixTime,
}

/// The claims of that step: one token, or at a join one for each source.
///
/// They are what a gate would have minted for the shortest way to the task: each task on a cycle is
/// visited once at most, and each fork is named after the instance.
pub fn synthetic_claims(step: &Step<'_>) -> Vec<Claims> {
    match step.workflow.joins.get(&step.task.name) {
        Some(join) if step.task.join == JoinKind::All => {
            join.sources.iter().map(|source| claims(step, Some(source.as_str()))).collect()
        }
        _ => vec![claims(step, None)],
    }
}

fn claims(step: &Step<'_>, from: Option<&str>) -> Claims {
    let Step { workflow, task, holder, instance, issued, .. } = *step;
    let dl = issued.plus(workflow.deadline);
    let performer = match (step.token_type, task.performer.spiffe.first()) {
        (TokenType::Receipt, Some(performer)) => performer,
        _ => holder,
    };
    let issuer = issuer(step, performer);
    let jti = if is_start(step) {
        start_name(workflow.name.as_str(), instance, issuer.as_str(), holder.as_str())
    } else {
        format!("{instance}.{}.{}", task.name, from.unwrap_or("-"))
    };
    Claims {
        iss: issuer.to_string(),
        sub: holder.to_string(),
        aud: None,
        txn: instance.to_owned(),
        iat: issued,
        exp: issued.plus(workflow.task_ttl).min(dl),
        dl,
        parents: if is_start(step) { Vec::new() } else { vec![format!("{instance}.{}", from.unwrap_or("before"))] },
        wf: StepClaim::of(workflow, task, from),
        visits: task.max_visits.map(|_| (task.name.to_string(), 1)).into_iter().collect(),
        performers: if task.constrained {
            BTreeMap::from([(task.name.to_string(), BTreeSet::from([performer.to_string()]))])
        } else {
            BTreeMap::new()
        },
        fork: task
            .carries
            .iter()
            .map(|join| (join.to_string(), format!("{instance}.fork")))
            .chain(task.forks.iter().map(|join| (join.to_string(), jti.clone())))
            .collect(),
        rep: None,
        to: None,
        jti,
    }
}

/// A task where instances begin, held by who began: a start.
fn is_start(step: &Step<'_>) -> bool {
    step.task.initial && step.token_type == TokenType::Arrival
}

/// A start is issued by the gate that was called first, any other step by its performer's.
fn issuer<'a>(step: &Step<'a>, performer: &'a SpiffeId) -> &'a SpiffeId {
    let called = || {
        let mut leaving = step.workflow.transitions.iter().filter(|t| t.from.name == step.task.name);
        leaving.next().and_then(|t| t.to.performer.spiffe.first())
    };
    if is_start(step) { called().unwrap_or(performer) } else { performer }
}
