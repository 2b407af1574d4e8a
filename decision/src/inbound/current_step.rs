//! Where an instance stands, as its step says and the signatures prove.

use std::sync::Arc;

use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Assurance, Task, Workflow};

use super::Inquiry;
use super::issuance::is_true_start;
use crate::denial::Denial;
use crate::gate::{CompiledWorkflow, Gate};
use crate::step::{PlainStep, Steps};
use crate::token::{Claims, TokenType, UnverifiedToken, VerifiedToken};

/// What a request shows for its step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Evidence {
    /// Level `identity`: a plain step, or a start.
    Plain,
    /// A start at level `signed`: the instance, drawn now.
    Start { txn: String },
    /// VerifiedToken tokens; more than one only at a join. Never empty.
    Tokens(Vec<VerifiedToken>),
}

impl Evidence {
    pub(super) fn instance(&self) -> Option<&str> {
        match self {
            Self::Plain => None,
            Self::Start { txn } => Some(txn),
            Self::Tokens(tokens) => tokens.first().map(|token| token.claims.txn.as_str()),
        }
    }

    pub(super) fn tokens(&self) -> &[VerifiedToken] {
        match self {
            Self::Plain | Self::Start { .. } => &[],
            Self::Tokens(tokens) => tokens,
        }
    }
}

/// Where an instance stands.
pub(super) struct CurrentStep<'a> {
    pub(super) plan: &'a CompiledWorkflow,
    pub(super) at: Arc<Task>,
    pub(super) origin: Evidence,
}

/// Reads the steps of a request; there is at least one.
pub(super) fn read<'a>(inquiry: &Inquiry<'a, '_>, steps: &Steps<'a>) -> Result<CurrentStep<'a>, Denial> {
    match steps.0.as_slice() {
        [plain] if PlainStep::is_one(plain) => read_plain(inquiry.gate, PlainStep::parse(plain)?),
        several if several.iter().any(|step| PlainStep::is_one(step)) => {
            Err(Denial::BadStep("a list holds a plain step"))
        }
        tokens => read_tokens(inquiry, tokens),
    }
}

fn read_plain<'a>(gate: &'a Gate, step: PlainStep<'_>) -> Result<CurrentStep<'a>, Denial> {
    let plan = find_plan(gate, step.workflow, step.revision)?;
    if plan.workflow.assurance != Assurance::Identity {
        return Err(Denial::WrongType("the workflow wants a signed token"));
    }
    let at = find_task(plan, step.task)?;
    Ok(CurrentStep { plan, at, origin: Evidence::Plain })
}

fn read_tokens<'a>(inquiry: &Inquiry<'a, '_>, steps: &[&'a str]) -> Result<CurrentStep<'a>, Denial> {
    let parsed = steps.iter().map(|step| UnverifiedToken::parse(step)).collect::<Result<Vec<_>, _>>()?;
    check_list(inquiry.gate, &parsed)?;
    let verified = parsed.into_iter().map(|jws| inquiry.verify(jws)).collect::<Result<Vec<_>, _>>()?;
    let Some(first) = verified.first() else {
        return Err(Denial::BadStep("there is no token"));
    };
    let plan = find_plan(inquiry.gate, &first.claims.wf.name, first.claims.wf.rev)?;
    if plan.workflow.assurance == Assurance::Identity {
        return Err(Denial::WrongType("the workflow wants a plain step"));
    }
    if verified.iter().any(|token| token.claims.wf.digest != plan.workflow.digest.as_str()) {
        return Err(Denial::OtherDocument);
    }
    if verified.iter().any(|token| outlives(&token.claims, &plan.workflow)) {
        return Err(Denial::BadStep("a token lives longer than its workflow lets it"));
    }
    if inquiry.gate.config.revoked.instances.contains(&first.claims.txn) {
        return Err(Denial::Revoked("instance"));
    }
    if verified.iter().any(|token| token.token_type == TokenType::Departure) {
        return Err(Denial::WrongType("no departure is taken at this level"));
    }
    let at = find_task(plan, &first.claims.wf.task)?;
    Ok(CurrentStep { plan, at, origin: Evidence::Tokens(verified) })
}

/// Whether a token, or the instance it speaks of, has a longer life than any gate would give it.
fn outlives(claims: &Claims, workflow: &Workflow) -> bool {
    claims.exp > claims.iat.plus(workflow.task_ttl) || claims.dl > claims.iat.plus(workflow.deadline)
}

/// A list is one step of one instance, and stands only where a join wants several tokens. Looked at
/// before signatures, because it can only deny.
fn check_list(gate: &Gate, tokens: &[UnverifiedToken<'_>]) -> Result<(), Denial> {
    let [first, rest @ ..] = tokens else { return Ok(()) };
    if rest.is_empty() {
        return Ok(());
    }
    let step = |claims: &Claims| (claims.wf.name.clone(), claims.wf.rev, claims.wf.task.clone(), claims.txn.clone());
    let wanted = step(first.claims());
    if rest.iter().any(|token| step(token.claims()) != wanted) {
        return Err(Denial::BadStep("the tokens are of different steps or instances"));
    }
    let wf = &first.claims().wf;
    let join = gate
        .revisions(&wf.name)
        .and_then(|revisions| revisions.get(&wf.rev))
        .and_then(|plan| plan.workflow.joins.get(wf.task.as_str()));
    match join {
        None => Err(Denial::BadStep("a list of tokens outside a join")),
        // Each token costs a signature.
        Some(join) if tokens.len() > join.sources.len() => Err(Denial::JoinIncomplete {
            why: "it has more tokens than the join has sources",
            expected: join.sources.clone(),
        }),
        Some(_) => Ok(()),
    }
}

/// What holds for a step whoever it leads to: not revoked, issued and held by the right ones.
pub(super) fn check(current: &CurrentStep<'_>, peer: &SpiffeId) -> Result<(), Denial> {
    if current.plan.revoked {
        return Err(Denial::Revoked("workflow"));
    }
    for token in current.origin.tokens() {
        check_issuer(current, token)?;
    }
    let held = match &current.origin {
        // A plain step has no holder: any who may carry on from that task may show it.
        Evidence::Plain | Evidence::Start { .. } => {
            current.plan.leaving(&current.at).iter().any(|t| t.caller.includes(peer))
                || current.at.performer.includes(peer)
        }
        Evidence::Tokens(tokens) => tokens.iter().all(|token| token.claims.sub == peer.as_str()),
    };
    if held { Ok(()) } else { Err(Denial::WrongHolder) }
}

/// An arrival or receipt speaks for its task's performer, and is issued by that actor's gate. The one
/// exception is a start, which the gate that was first called issues for the initiator.
fn check_issuer(current: &CurrentStep<'_>, token: &VerifiedToken) -> Result<(), Denial> {
    let is_start = token.claims.parents.is_empty() && current.at.initial && token.token_type == TokenType::Arrival;
    let speaks = |actor: &stepgate_config::workflow::Actor| {
        token.signer.covers(&actor.name) && actor.spiffe.iter().any(|id| id.as_str() == token.claims.iss)
    };
    let right = if is_start {
        let sub_begins = current.at.performer.spiffe.iter().any(|id| id.as_str() == token.claims.sub);
        sub_begins
            && is_true_start(&current.plan.workflow, &current.at, &token.claims)
            && current.plan.leaving(&current.at).iter().any(|t| speaks(&t.to.performer))
    } else {
        speaks(&current.at.performer)
    };
    if right { Ok(()) } else { Err(Denial::WrongIssuer) }
}

fn find_plan<'a>(gate: &'a Gate, workflow: &str, revision: u32) -> Result<&'a CompiledWorkflow, Denial> {
    let revisions = gate.revisions(workflow).ok_or(Denial::UnknownWorkflow)?;
    revisions.get(&revision).ok_or(Denial::RevisionRetired)
}

fn find_task(plan: &CompiledWorkflow, task: &str) -> Result<Arc<Task>, Denial> {
    plan.workflow.tasks.get(task).cloned().ok_or(Denial::NoTransition { expected: Vec::new() })
}
