//! The inbound decision. Its steps run in the order of `docs/protocol.md`; the first that fails
//! names the denial.

mod claims;
mod classified;
mod constraint;
pub(crate) mod current_step;
mod departure;
mod evidence;
pub(crate) mod guard;
mod inherited;
mod issuance;
mod join;
mod judged_step;
mod lineage;
mod peer;
mod start;
mod transition;
mod window;

use std::sync::Arc;

use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Actor, Assurance, Mode, Transition, Workflow};

use crate::audit::AuditContext;
use crate::denial::Denial;
use crate::facts::{Facts, MAX_HEADERS};
use crate::gate::{Gate, Side};
use crate::keys::{Crypto, Key};
use crate::permit::{Minted, PassThrough, Permit};
use crate::replay_record::{Store, consume};
use crate::request::{Request, upgrade_name};
use crate::start_limit;
use crate::step::{PlainStep, Steps};
use crate::switch::{Check, on};
use crate::token::{Claims, TokenType};
use crate::verdict::{Denied, Verdict};
pub(crate) use classified::Classified;
use classified::RequestedTasks;
pub(crate) use current_step::{CurrentStep, Presenter};
pub(crate) use issuance::Issuance;
pub use judged_step::{JudgedStep, OpenTransition, judge_step};
pub(crate) use transition::{choose, start};

/// Decides one request that comes in.
///
/// `crypto` verifies and signs; `store` keeps the replay record. A gate that could not be built is
/// `None` and denies.
pub fn inbound(gate: Option<&Gate>, facts: &Facts, crypto: &dyn Crypto, store: &mut dyn Store) -> Verdict {
    let request = Request::of(facts);
    let mut audit = AuditContext::begun(request.method, request.target);
    let Some(gate) = gate else {
        return Verdict::Denied(Denied::new(Denial::NoConfig("see the gate's log at its start"), audit));
    };
    let headers = &facts.headers;
    if headers.len() > MAX_HEADERS {
        return Verdict::Denied(Denied::new(Denial::Internal("there are more than 512 headers"), audit));
    }
    let own = peer::own(gate, facts);
    let found = Decision { gate, request, own: own.as_ref(), crypto, audit: &mut audit }.decide(store);
    match found {
        Ok(Admitted::Transition(minted)) => Verdict::Permitted(Permit::new(gate, headers, *minted, audit)),
        Ok(Admitted::Exempt) => Verdict::Exempt(PassThrough::permitted(gate, headers)),
        Err(denial) => match gate.mode_of(own.as_ref()) {
            Mode::Observe => {
                let pass = match gate.side(facts.listener) {
                    Ok(Side::Inbound) => PassThrough::observed(gate, headers),
                    Ok(Side::Outbound(_)) | Err(_) => PassThrough::observed_elsewhere(gate, headers),
                };
                Verdict::Observed(Denied::new(denial, audit), pass)
            }
            Mode::Enforce => Verdict::Denied(Denied::new(denial, audit)),
        },
    }
}

/// Why a request may go on.
enum Admitted {
    Transition(Box<Minted>),
    Exempt,
}

/// One decision, while it is made.
struct Decision<'a, 't> {
    gate: &'a Gate,
    request: Request<'a>,
    /// The workload behind the gate, if it is known.
    own: Option<&'a SpiffeId>,
    crypto: &'a dyn Crypto,
    audit: &'t mut AuditContext,
}

impl<'a> Decision<'a, '_> {
    fn decide(&mut self, store: &mut dyn Store) -> Result<Admitted, Denial> {
        if let Side::Outbound(_) = self.gate.side(self.request.facts.listener)? {
            return Err(Denial::Internal("an outbound request at the inbound decision"));
        }
        let classified = Classified::of(self.gate, &self.request, self.own);
        if classified.is_exempt_for_anyone() {
            return Ok(Admitted::Exempt);
        }
        let (peer, own) = peer::identify(self.gate, self.request.facts, self.own)?;
        self.audit.peer = Some(peer.clone());
        // An alias is none for exemptions.
        if self.gate.knows_domain(&peer) && classified.is_exempt_for(&peer) {
            return Ok(Admitted::Exempt);
        }
        if !self.gate.knows_actor(&peer) {
            return Err(Denial::Outsider);
        }
        let upgrade = self.upgrade(own)?;
        self.request.path()?;
        let requested = classified.tasks()?;
        let steps = Steps::of(self.request.facts, &self.gate.config.header, self.gate.config.carrier)?;
        let (current, transition) = self.transition(&steps, &requested, &peer, own)?;
        self.audit.transition = Some(transition.to_string());
        if let Some(upgrade) = upgrade.filter(|name| !transition.to.upgrade.contains(name)) {
            return Err(Denial::Upgrade(upgrade_name(&upgrade)));
        }
        let minted = self.admit(&current, &transition, &peer, own, store)?;
        Ok(Admitted::Transition(Box::new(minted)))
    }

    /// The upgrade that the request asks for, where some task of this actor declares it.
    fn upgrade(&self, own: &SpiffeId) -> Result<Option<String>, Denial> {
        let Some(name) = self.request.upgrade()? else { return Ok(None) };
        let mut tasks = self.gate.workflows().flat_map(|compiled| compiled.workflow.tasks.values());
        if tasks.any(|task| task.performer.includes(own) && task.upgrade.contains(&name)) {
            Ok(Some(name))
        } else {
            Err(Denial::Upgrade(upgrade_name(&name)))
        }
    }

    /// The current step of the instance, and the transition that this request is.
    fn transition(
        &mut self,
        steps: &Steps<'a>,
        requested: &RequestedTasks<'_>,
        peer: &SpiffeId,
        own: &SpiffeId,
    ) -> Result<(CurrentStep<'a>, Arc<Transition>), Denial> {
        if steps.0.is_empty() {
            let from = (peer, Presenter::Peer);
            let found = transition::start(self.gate, self.request.facts, requested, from, &|actor| actor.includes(own));
            if let Ok((current, _)) = &found {
                self.note(current);
            }
            return found;
        }
        let current = current_step::read(self.gate, steps, self.crypto, self.request.facts.now)?;
        self.note(&current);
        current_step::check(&current, peer, Presenter::Peer)?;
        current_step::check_audience(&current, own)?;
        let transition = transition::choose(&current, requested, peer, &|actor| actor.includes(own))?;
        Ok((current, transition))
    }

    /// From here on the workflow is known, and the audit context names it.
    fn note(&mut self, current: &CurrentStep<'_>) {
        self.audit.workflow = Some((current.compiled.workflow.name.clone(), current.compiled.workflow.revision));
        self.audit.at = Some(current.at.name.clone());
        self.audit.instance = current.evidence.instance().map(str::to_owned);
    }

    /// The checks that follow once the transition is known: deadline, visits, constraints, evidence, its time, guard,
    /// starts, record.
    fn admit(
        &self,
        current: &CurrentStep<'a>,
        transition: &Arc<Transition>,
        peer: &SpiffeId,
        own: &SpiffeId,
        store: &mut dyn Store,
    ) -> Result<Minted, Denial> {
        let workflow = &current.compiled.workflow;
        let facts = self.request.facts;
        if workflow.assurance == Assurance::Identity {
            guard::check(facts, current, transition, peer)?;
            let step = PlainStep::of(workflow, &transition.to).to_string();
            return Ok(Minted { step, ..Minted::default() });
        }
        let key = signer(self.gate, workflow, &transition.to.performer)?;
        let leeway = self.gate.config.leeway;
        let issuance = Issuance::checked(current, transition, peer, own, facts, leeway)?;
        guard::check(facts, current, transition, peer)?;
        if current.evidence.begins() && on(Check::Starts) {
            let starter = current.at.performer.starter(peer);
            start_limit::count(store, (workflow, &starter), current.compiled.rate, facts.now)?;
        }
        let entry = issuance.entry(current, transition, leeway);
        // Signed before it is consumed: a failure to sign must not use up the transition.
        let minted = self.mint(&issuance, key)?;
        if on(Check::Record) {
            consume(store, &entry, facts.now)?;
        }
        Ok(Minted { consumed: Some(entry), ..minted })
    }

    fn mint(&self, issuance: &Issuance, key: &Key) -> Result<Minted, Denial> {
        let sign = |token_type, claims| sign(self.gate, (self.crypto, key), token_type, claims);
        Ok(Minted {
            step: sign(TokenType::Arrival, &issuance.arrival)?,
            start: issuance.start.as_ref().map(|claims| sign(TokenType::Arrival, claims)).transpose()?,
            receipt: issuance.receipt.as_ref().map(|claims| sign(TokenType::Receipt, claims)).transpose()?,
            ..Minted::default()
        })
    }
}

/// The key with which this gate signs as an actor.
pub(crate) fn signer<'g>(gate: &'g Gate, workflow: &Workflow, actor: &Actor) -> Result<&'g Key, Denial> {
    let key = gate.keys.signer(&workflow.name, &actor.name);
    key.ok_or(Denial::NoConfig("this actor has no key to sign with"))
}

/// A token, no larger than its carrier takes.
pub(crate) fn sign(
    gate: &Gate,
    (crypto, key): (&dyn Crypto, &Key),
    token_type: TokenType,
    claims: &Claims,
) -> Result<String, Denial> {
    let token = crypto.sign(key, token_type, claims)?;
    let is_too_long = token.len() > gate.config.carrier.largest_token();
    if is_too_long { Err(Denial::Internal("the token is too long for its carrier")) } else { Ok(token) }
}
