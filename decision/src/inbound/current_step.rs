//! The step that an instance has reached, as the request says and the signatures prove.

use std::sync::Arc;

use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Actor, Assurance, Task};

use super::evidence::Evidence;
use super::start::is_true_start;
use super::{claims, departure};
use crate::denial::Denial;
use crate::gate::{CompiledWorkflow, Gate};
use crate::keys::Crypto;
use crate::several::Shown;
use crate::step::{PlainStep, Steps};
use crate::switch::{Check, on};
use crate::time::UnixTime;
use crate::token::{TokenType, UnverifiedToken, VerifiedToken, verify};

/// Who presents a step to a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presenter {
    /// The workload's own application, or somebody who asks about its step.
    Application,
    /// A peer.
    Peer,
}

/// The step that an instance has reached; `at` is a task, or the join of several that the tokens are of.
pub(crate) struct CurrentStep<'a> {
    pub(crate) compiled: &'a CompiledWorkflow,
    pub(crate) at: Arc<Task>,
    pub(crate) evidence: Evidence,
}

impl CurrentStep<'_> {
    /// The tasks that the request shows.
    pub(super) fn shown(&self) -> Shown<'_> {
        match &self.evidence {
            Evidence::Plain | Evidence::Start { .. } => [&self.at.name].into_iter().collect(),
            Evidence::Tokens(tokens) => tokens.iter().map(|token| &token.claims.wf.task).collect(),
            Evidence::Departure { departure, .. } => [&departure.claims.wf.task].into_iter().collect(),
        }
    }
}

/// Reads the steps of a request; there is at least one.
pub(crate) fn read<'a>(
    gate: &'a Gate,
    steps: &Steps<'a>,
    crypto: &dyn Crypto,
    now: UnixTime,
) -> Result<CurrentStep<'a>, Denial> {
    match steps.0.as_slice() {
        [plain] if PlainStep::is_one(plain) => read_plain(gate, &PlainStep::parse(plain)?),
        [token] => read_tokens(gate, &[token], crypto, now),
        several if several.iter().any(|step| PlainStep::is_one(step)) => {
            Err(Denial::BadStep("a list holds a plain step"))
        }
        tokens => read_tokens(gate, tokens, crypto, now),
    }
}

fn read_plain<'a>(gate: &'a Gate, step: &PlainStep) -> Result<CurrentStep<'a>, Denial> {
    let compiled = find_workflow(gate, step.workflow.as_str(), step.revision)?;
    if compiled.workflow.assurance != Assurance::Identity {
        return Err(Denial::WrongType("the workflow requires a signed token"));
    }
    check_workflow(compiled)?;
    let at = find_task(compiled, step.task.as_str())?;
    // A plain step at an initial task cannot be told from a new instance.
    if at.initial && !compiled.workflow.open {
        return Err(Denial::RevisionClosed);
    }
    Ok(CurrentStep { compiled, at, evidence: Evidence::Plain })
}

fn read_tokens<'a>(
    gate: &'a Gate,
    steps: &[&'a str],
    crypto: &dyn Crypto,
    now: UnixTime,
) -> Result<CurrentStep<'a>, Denial> {
    let parsed = steps.iter().map(|step| UnverifiedToken::parse(step)).collect::<Result<Vec<_>, _>>()?;
    check_list(gate, &parsed)?;
    let leeway = gate.config.leeway;
    let mut verified = parsed
        .into_iter()
        .map(|token| verify(token, &gate.keys, crypto, now, leeway))
        .collect::<Result<Vec<_>, _>>()?;
    let Some(first) = verified.first() else {
        return Err(Denial::BadStep("there is no token"));
    };
    let compiled = find_workflow(gate, first.claims.wf.name.as_str(), first.claims.wf.rev)?;
    if compiled.workflow.assurance == Assurance::Identity {
        return Err(Denial::WrongType("the workflow requires a plain step"));
    }
    let departs = verified.iter().any(|token| token.token_type == TokenType::Departure);
    if departs && compiled.workflow.assurance != Assurance::Once {
        return Err(Denial::WrongType("the level of the workflow has no departures"));
    }
    if verified.iter().any(|token| token.claims.wf.digest != compiled.workflow.digest) {
        return Err(Denial::OtherDocument);
    }
    claims::check(&verified, compiled, leeway)?;
    if gate.config.revoked.instances.contains(&first.claims.txn) {
        return Err(Denial::Revoked("instance"));
    }
    check_workflow(compiled)?;
    match verified.iter().position(|token| token.token_type == TokenType::Departure) {
        None => {
            Ok(CurrentStep { compiled, at: shown_task(compiled, &verified)?, evidence: Evidence::Tokens(verified) })
        }
        Some(at) => {
            let departure = Box::new(verified.remove(at));
            read_departure(compiled, departure, verified)
        }
    }
}

/// The step of a departure with the receipts that came with it.
fn read_departure(
    compiled: &CompiledWorkflow,
    departure: Box<VerifiedToken>,
    receipts: Vec<VerifiedToken>,
) -> Result<CurrentStep<'_>, Denial> {
    let at = departure::transition(&departure.claims, compiled).map(|transition| Arc::clone(&transition.from));
    let at = at.ok_or(Denial::NoTransition { expected: Vec::new() })?;
    let made_from = || -> Result<bool, Denial> {
        Ok(departure::is_made_from(&departure.claims, &receipts) && shown_task(compiled, &receipts)?.name == at.name)
    };
    if !receipts.is_empty() && !made_from()? {
        return Err(Denial::BadStep("a departure is not made from the tokens beside it"));
    }
    Ok(CurrentStep { compiled, at, evidence: Evidence::Departure { departure, receipts } })
}

/// The task at which the tokens are, or the join of the several at which they are.
fn shown_task(compiled: &CompiledWorkflow, tokens: &[VerifiedToken]) -> Result<Arc<Task>, Denial> {
    let mut tasks = tokens.iter().map(|token| &token.claims.wf.task);
    if let Some(task) = tasks.next().filter(|first| tasks.all(|other| other == *first)) {
        return find_task(compiled, task.as_str());
    }
    let shown: Shown<'_> = tokens.iter().map(|token| &token.claims.wf.task).collect();
    compiled.join_of(&shown).cloned().ok_or_else(|| compiled.incomplete(&shown))
}

/// A list is one step of one instance, and is allowed only at a join that needs several tokens, or of several tasks that one
/// transition leaves, or as a departure with its receipts. Checked before signatures, because it can only deny.
fn check_list(gate: &Gate, tokens: &[UnverifiedToken<'_>]) -> Result<(), Denial> {
    let [first, rest @ ..] = tokens else { return Ok(()) };
    if rest.is_empty() {
        return Ok(());
    }
    let is_same_instance = |token: &UnverifiedToken<'_>| {
        let (one, other) = (first.claims(), token.claims());
        (&one.wf.name, one.wf.rev, &one.txn) == (&other.wf.name, other.wf.rev, &other.txn)
    };
    if !rest.iter().all(is_same_instance) {
        return Err(Denial::BadStep("the tokens are of different steps or instances"));
    }
    let evidence = tokens.iter().filter(|token| token.token_type() != TokenType::Departure);
    match (evidence.clone().count(), tokens.len()) {
        (1, 2) => Ok(()),
        (count, all) if all.saturating_sub(count) < 2 => check_evidence(gate, evidence),
        _ => Err(Denial::BadStep("there are several departures")),
    }
}

/// The same for the arrivals or receipts among them, of which there are several.
fn check_evidence<'t>(
    gate: &Gate,
    tokens: impl Iterator<Item = &'t UnverifiedToken<'t>> + Clone,
) -> Result<(), Denial> {
    let Some(first) = tokens.clone().next() else { return Ok(()) };
    let wf = &first.claims().wf;
    let (count, shown): (usize, Shown<'_>) =
        (tokens.clone().count(), tokens.map(|token| &token.claims().wf.task).collect());
    let outside = Denial::BadStep("a list of tokens outside a join");
    let Some(compiled) = gate.revisions(wf.name.as_str()).and_then(|revisions| revisions.get(&wf.rev)) else {
        return Err(outside);
    };
    match compiled.workflow.joins.get(&wf.task).filter(|_| shown.len() == 1) {
        // Each token costs a signature.
        Some(join) if count > join.sources.len() => Err(Denial::JoinIncomplete {
            why: "there are more tokens than the join has sources",
            expected: join.sources.clone(),
        }),
        Some(_) => Ok(()),
        None if compiled.joins_with(&shown).next().is_none() => Err(outside),
        None if count > shown.len() => Err(compiled.incomplete(&shown)),
        None => Ok(()),
    }
}

/// Checks that do not depend on the next task: the step is of the type that this presenter shows, and its issuer and its
/// holder are right.
pub(crate) fn check(current: &CurrentStep<'_>, peer: &SpiffeId, presenter: Presenter) -> Result<(), Denial> {
    let departs = current.compiled.workflow.assurance == Assurance::Once && presenter == Presenter::Peer;
    if departs != current.evidence.departure().is_some() {
        return Err(Denial::WrongType("at level `once` a gate takes departures from peers, and from nobody else"));
    }
    if let Evidence::Departure { departure, .. } = &current.evidence {
        check_sender(current, departure)?;
    }
    for token in current.evidence.tokens() {
        check_issuer(current, token)?;
    }
    let held = match &current.evidence {
        // A plain step has no holder: any workload that may go on from that task may show it.
        Evidence::Plain | Evidence::Start { .. } => {
            current.compiled.leaving(&current.at).iter().any(|t| t.caller.includes(peer))
                || current.at.performer.includes(peer)
        }
        Evidence::Tokens(tokens) => {
            let domain = &current.compiled.workflow.domain;
            tokens.iter().all(|token| domain.is_same(&token.claims.sub, peer))
        }
        Evidence::Departure { departure, receipts } => {
            let domain = &current.compiled.workflow.domain;
            receipts.iter().chain([&**departure]).all(|token| domain.is_same(&token.claims.sub, peer))
        }
    };
    if held || !on(Check::Holder) { Ok(()) } else { Err(Denial::WrongHolder) }
}

/// A departure is issued by the gate of the transition's caller.
fn check_sender(current: &CurrentStep<'_>, departure: &VerifiedToken) -> Result<(), Denial> {
    let right = departure::transition(&departure.claims, current.compiled).is_some_and(|transition| {
        departure.signer.covers(&transition.caller.name) && transition.caller.includes(&departure.claims.iss)
    });
    if right || !on(Check::Issuer) { Ok(()) } else { Err(Denial::WrongIssuer) }
}

/// A departure is for a workload of the actor to whom it leads.
pub(super) fn check_audience(current: &CurrentStep<'_>, own: &SpiffeId) -> Result<(), Denial> {
    let Some(departure) = current.evidence.departure() else { return Ok(()) };
    let to = departure::transition(departure, current.compiled).map(|transition| &transition.to);
    let right = to.is_some_and(|to| to.performer.includes(own));
    if right || !on(Check::Audience) { Ok(()) } else { Err(Denial::WrongAudience) }
}

/// An arrival or receipt is issued by the gate of its task's performer. The one exception is a start at level `signed`, which
/// the gate that was called first issues for the initiator.
fn check_issuer(current: &CurrentStep<'_>, token: &VerifiedToken) -> Result<(), Denial> {
    let claims = &token.claims;
    let Some(at) = current.compiled.workflow.tasks.get(&claims.wf.task) else { return Err(Denial::WrongIssuer) };
    let is_start = claims.parents.is_empty() && at.initial && token.token_type == TokenType::Arrival;
    let may_issue = |actor: &Actor| token.signer.covers(&actor.name) && actor.includes(&claims.iss);
    let right = if is_start {
        at.performer.includes(&claims.sub)
            && is_true_start(&current.compiled.workflow, at, claims)
            && match current.compiled.workflow.assurance {
                Assurance::Once => claims.iss == claims.sub && may_issue(&at.performer),
                Assurance::Identity | Assurance::Signed => {
                    current.compiled.leaving(at).iter().any(|t| may_issue(&t.to.performer))
                }
            }
    } else {
        may_issue(&at.performer)
    };
    if right || !on(Check::Issuer) { Ok(()) } else { Err(Denial::WrongIssuer) }
}

fn find_workflow<'a>(gate: &'a Gate, workflow: &str, revision: u32) -> Result<&'a CompiledWorkflow, Denial> {
    let revisions = gate.revisions(workflow).ok_or(Denial::UnknownWorkflow)?;
    revisions.get(&revision).ok_or(Denial::RevisionRetired)
}

fn check_workflow(compiled: &CompiledWorkflow) -> Result<(), Denial> {
    if compiled.revoked { Err(Denial::Revoked("workflow")) } else { Ok(()) }
}

fn find_task(compiled: &CompiledWorkflow, task: &str) -> Result<Arc<Task>, Denial> {
    compiled.workflow.tasks.get(task).cloned().ok_or(Denial::NoTransition { expected: Vec::new() })
}
