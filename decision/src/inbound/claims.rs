//! Claims of a token whose signature is right, against the document that it names: members and times that no gate with
//! this document writes. A gate that signs them is broken or lies, and its children would inherit them.

use std::time::Duration;

use stepgate_config::workflow::{JoinKind, Task, Workflow};

use crate::denial::Denial;
use crate::token::{Claims, TokenType, VerifiedToken};

/// Checks each token of one step of this workflow.
pub(super) fn check(tokens: &[VerifiedToken], workflow: &Workflow, leeway: Duration) -> Result<(), Denial> {
    for token in tokens {
        if !counts(&token.claims, workflow) {
            return Err(Denial::BadStep("a token counts what its document does not"));
        }
        // A task that the document does not have is another denial.
        if workflow.tasks.get(&token.claims.wf.task).is_some_and(|task| !fits(token, task, workflow)) {
            return Err(Denial::BadStep("a token has members that no gate writes at its task"));
        }
        if !lives(&token.claims, workflow, leeway) {
            return Err(Denial::BadStep("a token lives longer than its workflow allows"));
        }
    }
    Ok(())
}

/// Whether visits are those of tasks on cycles, and performers those of tasks under a constraint.
fn counts(claims: &Claims, workflow: &Workflow) -> bool {
    let visits = claims
        .visits
        .iter()
        .all(|(task, count)| *count > 0 && workflow.tasks.get(task).is_some_and(|task| task.max_visits.is_some()));
    let performers = claims.performers.iter().all(|(task, ids)| {
        let may = |task: &Task| task.constrained && ids.iter().all(|id| task.performer.includes(id));
        !ids.is_empty() && workflow.tasks.get(task).is_some_and(|task| may(task))
    });
    visits && performers
}

/// Whether the token has the members of its kind: only a start has no parents, only at a join it says from which source
/// it came, and it names no rounds but those of the joins ahead.
fn fits(token: &VerifiedToken, task: &Task, workflow: &Workflow) -> bool {
    let Claims { parents, wf, fork, .. } = &token.claims;
    let sources = workflow.joins.get(&task.name).filter(|_| task.join == JoinKind::All).map(|join| &join.sources);
    let kind = match &wf.from {
        _ if parents.is_empty() => task.initial && token.token_type == TokenType::Arrival && wf.from.is_none(),
        Some(from) => sources.is_some_and(|sources| sources.contains(from)),
        None => true,
    };
    let ahead = fork.keys().all(|join| task.carries.contains(join) || task.forks.contains(join));
    kind && ahead
}

/// Whether it has the times of some gate. `dl` is from the clock of the gate at which the instance began, `exp` at a join
/// from that of another source's gate, `iat` from its own: any two of them may differ by the leeway.
fn lives(claims: &Claims, workflow: &Workflow, leeway: Duration) -> bool {
    let &Claims { iat, exp, dl, .. } = claims;
    dl <= iat.plus(workflow.deadline).plus(leeway)
        && exp <= iat.plus(workflow.task_ttl).min(dl).plus(leeway)
        && iat <= exp.plus(leeway)
}
