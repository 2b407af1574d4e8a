//! Claims of a token whose signature is right, against the document that it names: members and times that no gate with
//! this document writes. A gate that signs them is broken or lies, and its children would inherit them.

use std::time::Duration;

use stepgate_config::workflow::{Domain, JoinKind, Task, Transition, Workflow};

use super::departure;
use super::lineage::{are_others, evidence, is_name, is_round};
use crate::denial::Denial;
use crate::gate::CompiledWorkflow;
use crate::token::{Claims, TokenType, VerifiedToken};

/// Checks each token of one step of this workflow.
pub(super) fn check(tokens: &[VerifiedToken], compiled: &CompiledWorkflow, leeway: Duration) -> Result<(), Denial> {
    let workflow = &compiled.workflow;
    for token in tokens {
        if !has_names(&token.claims) {
            return Err(Denial::BadStep("a token has a name that no gate gives"));
        }
        if !counts(&token.claims, workflow) {
            return Err(Denial::BadStep("a token counts what its document does not"));
        }
        let departs = token.token_type == TokenType::Departure;
        let is_fit = match workflow.tasks.get(&token.claims.wf.task) {
            _ if departs => departure::fits(&token.claims, compiled),
            Some(task) => fits(token, task, compiled),
            // Another denial.
            None => true,
        };
        if !is_fit {
            return Err(Denial::BadStep("a token has or lacks members as no gate writes them at its task"));
        }
        if !lives(token, workflow, leeway) {
            return Err(Denial::BadStep("a token lives longer than its workflow allows"));
        }
    }
    Ok(())
}

/// Whether its instance can be revoked by name, and its arrivals have short plain names: children inherit all of them.
fn has_names(claims: &Claims) -> bool {
    !claims.txn.contains('.') && claims.parents.iter().chain([&claims.txn, &claims.jti]).all(|name| is_name(name))
}

/// Whether visits are those of tasks on cycles, within their bounds, and performers those of tasks under a constraint.
fn counts(claims: &Claims, workflow: &Workflow) -> bool {
    let most = |task| workflow.tasks.get(task).and_then(|task| task.max_visits);
    let visits = claims.visits.iter().all(|(task, count)| most(task).is_some_and(|most| (1..=most).contains(count)));
    let performers = claims.performers.iter().all(|(task, ids)| {
        // Gates write canonical IDs.
        let is_performer = |task: &Task, id| {
            workflow.domain.canonical(id).as_ref() == id && task.performer.includes(id) && task.records(id)
        };
        let may = |task: &Task| task.constrained && ids.iter().all(|id| is_performer(task, id));
        !ids.is_empty() && workflow.tasks.get(task).is_some_and(|task| may(task))
    });
    visits && performers
}

/// Whether the token has the members of its kind. Only a start has no parents; the rest of a start is compared as a whole,
/// with its issuer. Only at a join a token says from which source it came.
fn fits(token: &VerifiedToken, task: &Task, compiled: &CompiledWorkflow) -> bool {
    let workflow = &compiled.workflow;
    let Claims { parents, wf, fork, .. } = &token.claims;
    let sources = workflow.joins.get(&task.name).filter(|_| task.join == JoinKind::All).map(|join| &join.sources);
    let source = wf.from.as_ref().is_none_or(|from| sources.is_some_and(|sources| sources.contains(from)));
    let ahead = fork.keys().all(|join| task.carries.contains(join) || task.forks.contains(join));
    let kind = if parents.is_empty() {
        task.initial && token.token_type == TokenType::Arrival && wf.from.is_none()
    } else {
        descends(&token.claims, task, compiled)
            && entered(token, task, &workflow.domain)
            && has_rounds(&token.claims, task, workflow)
    };
    source && ahead && kind
}

/// Whether its parents are as many as some transition to the task presents, each of them another arrival.
fn descends(claims: &Claims, task: &Task, compiled: &CompiledWorkflow) -> bool {
    let Claims { parents, wf, .. } = claims;
    let leads = |t: &Transition| wf.from.as_ref().is_none_or(|from| t.from.name == *from);
    compiled.entering(task).iter().any(|t| leads(t) && evidence(&t.from, &compiled.workflow) == parents.len())
        && are_others(claims)
}

/// Whether the histories have this arrival itself. Its issuer is its performer, and the holder where it is no receipt; an
/// issuer or a holder of another actor is another denial.
fn entered(token: &VerifiedToken, task: &Task, domain: &Domain) -> bool {
    let Claims { iss, sub, visits, performers, .. } = &token.claims;
    let one_actor = task.performer.includes(iss) && task.performer.includes(sub);
    (task.max_visits.is_none() || visits.contains_key(&task.name))
        && (!task.records(iss) || performers.get(&task.name).is_some_and(|ids| ids.contains(&*domain.canonical(iss))))
        && (domain.is_same(iss, sub) || !one_actor || token.token_type == TokenType::Receipt)
}

/// Whether it has a round of each join ahead: of those that begin here, its own name.
fn has_rounds(claims: &Claims, task: &Task, workflow: &Workflow) -> bool {
    let round = |join| claims.fork.get(join).map(String::as_str);
    task.forks.iter().all(|join| round(join) == Some(&claims.jti))
        && task.carries.iter().all(|join| round(join).is_some_and(|round| is_round(round, join, workflow)))
}

/// Whether it has the times of some gate. `dl` is from the clock of the gate at which the instance began, `exp` at a join
/// from that of another source's gate, `iat` from its own: any two of them may differ by the leeway.
fn lives(token: &VerifiedToken, workflow: &Workflow, leeway: Duration) -> bool {
    let Claims { iat, exp, dl, wf, .. } = &token.claims;
    let (&iat, &exp, &dl) = (iat, exp, dl);
    let ttl = match token.token_type {
        TokenType::Departure => Some(departure::LIFE),
        // A task that the document does not have is another denial.
        TokenType::Arrival | TokenType::Receipt => workflow.tasks.get(&wf.task).map(|task| task.ttl),
    };
    dl <= iat.plus(workflow.deadline).plus(leeway)
        && exp <= ttl.map_or(dl, |ttl| iat.plus(ttl).min(dl)).plus(leeway)
        && iat <= exp.plus(leeway)
}
