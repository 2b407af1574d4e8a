//! The inbound decision. Its steps run in the order of `docs/protocol.md`; the first that fails
//! names the denial.

mod constraint;
mod current_step;
mod exempt;
mod issuance;
mod join;
mod peer;
mod transition;

use std::sync::Arc;

use stepgate_config::gate::{Carrier, Direction};
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Assurance, Mode, Transition};

use crate::denial::Denial;
use crate::facts::{Facts, Listener, MAX_HEADERS};
use crate::gate::{CompiledWorkflow, Gate};
use crate::guard::Situation;
use crate::keys::{Crypto, Key};
use crate::permit::{Grant, PassThrough, Permit};
use crate::replay_record::{Entry, Store, take};
use crate::request::Request;
use crate::step::{MAX_BAGGAGE_MEMBER, Steps};
use crate::token::{MAX_TOKEN, TokenType, VerifiedToken};
use crate::verdict::{AuditContext, Denied, Verdict};
use current_step::CurrentStep;
use issuance::Issuance;

/// Decides one request that comes in.
///
/// `crypto` verifies and signs; `store` remembers what was taken. A gate that could not be built is
/// `None` and denies.
pub fn inbound(gate: Option<&Gate>, facts: &Facts<'_>, crypto: &dyn Crypto, store: &mut dyn Store) -> Verdict {
    let request = Request::of(facts);
    let mut audit = AuditContext::of(&request);
    let Some(gate) = gate else {
        return Verdict::Denied(Denied::new(Denial::NoConfig("see the gate's log at its start"), audit));
    };
    if facts.headers.len() > MAX_HEADERS {
        return Verdict::Denied(Denied::new(Denial::Internal("there are more than 512 headers"), audit));
    }
    let found = Inquiry { gate, facts, request, crypto, audit: &mut audit }.run(store);
    match found {
        Ok(Found::Transition(grant)) => Verdict::Permitted(Permit::new(gate, facts, *grant, audit)),
        Ok(Found::Exempt) => Verdict::Exempt(PassThrough::new(gate, facts)),
        Err(denial) => match mode(gate, facts) {
            Mode::Observe => Verdict::Observed(Denied::new(denial, audit), PassThrough::watched(gate, facts)),
            Mode::Enforce => Verdict::Denied(Denied::new(denial, audit)),
        },
    }
}

/// What is done with a denial here.
fn mode(gate: &Gate, facts: &Facts<'_>) -> Mode {
    let own = gate.config.own.clone().or_else(|| SpiffeId::try_from(facts.own?).ok());
    gate.mode_of(own.as_ref())
}

enum Found {
    Transition(Box<Grant>),
    Exempt,
}

/// One request under decision.
struct Inquiry<'a, 't> {
    gate: &'a Gate,
    facts: &'a Facts<'a>,
    request: Request<'a>,
    crypto: &'a dyn Crypto,
    audit: &'t mut AuditContext,
}

impl<'a> Inquiry<'a, '_> {
    fn run(&mut self, store: &mut dyn Store) -> Result<Found, Denial> {
        self.check_direction()?;
        if exempt::for_anyone(self.gate, &self.request, self.facts) {
            return Ok(Found::Exempt);
        }
        let (peer, own) = peer::identify(self.gate, self.facts)?;
        self.audit.peer = Some(peer.clone());
        if exempt::for_peer(self.gate, &self.request, self.facts, &peer) {
            return Ok(Found::Exempt);
        }
        if !self.gate.knows_actor(&peer) {
            return Err(Denial::Outsider);
        }
        let upgrade = self.upgrade(&own)?;
        self.request.path()?;
        let steps = Steps::of(self.facts, &self.gate.config.header, self.gate.config.carrier)?;
        let (current, transition) = self.transition(&steps, &peer, &own)?;
        self.audit.transition = Some(transition.to_string());
        if let Some(upgrade) = upgrade.filter(|name| !transition.to.upgrade.contains(name)) {
            return Err(Denial::Upgrade(upgrade));
        }
        let grant = self.grant(&current, &transition, &peer, &own, store)?;
        Ok(Found::Transition(Box::new(grant)))
    }

    /// A gate that looks the wrong way would judge requests that are not for it.
    fn check_direction(&self) -> Result<(), Denial> {
        match (self.gate.config.direction, self.facts.listener) {
            (Direction::Inbound, _) | (Direction::Auto, Listener::Inbound) => Ok(()),
            (Direction::Auto, Listener::Outbound) => Err(Denial::Egress),
            (Direction::Auto, Listener::Unknown) => {
                Err(Denial::NoConfig("the listener does not say its direction; set `direction: inbound`"))
            }
        }
    }

    /// The upgrade that the request asks for, where some task of this actor declares it.
    fn upgrade(&self, own: &SpiffeId) -> Result<Option<String>, Denial> {
        let Some(name) = self.request.upgrade(self.facts)? else { return Ok(None) };
        let mut tasks = self.gate.plans().flat_map(|plan| plan.workflow.tasks.values());
        if tasks.any(|task| task.performer.includes(own) && task.upgrade.contains(&name)) {
            Ok(Some(name))
        } else {
            Err(Denial::Upgrade(name))
        }
    }

    /// Where the instance stands, and which transition this request is.
    fn transition(
        &mut self,
        steps: &Steps<'a>,
        peer: &SpiffeId,
        own: &SpiffeId,
    ) -> Result<(CurrentStep<'a>, Arc<Transition>), Denial> {
        if steps.0.is_empty() {
            let found = transition::start(self.gate, &self.request, self.facts, peer, own);
            if let Ok((current, _)) = &found {
                self.note(current);
            }
            return found;
        }
        let current = current_step::read(self, steps)?;
        self.note(&current);
        current_step::check(&current, peer)?;
        let transition = transition::choose(&current, &self.request, peer, own)?;
        Ok((current, transition))
    }

    /// From here on the workflow is known, and the audit context names it.
    fn note(&mut self, current: &CurrentStep<'_>) {
        self.audit.workflow = Some((current.plan.workflow.name.clone(), current.plan.workflow.revision));
        self.audit.at = Some(current.at.name.clone());
        self.audit.instance = current.origin.instance().map(str::to_owned);
    }

    /// What is left once the transition is known: deadline, visits, constraints, evidence, guard, record.
    fn grant(
        &self,
        current: &CurrentStep<'a>,
        transition: &Transition,
        peer: &SpiffeId,
        own: &SpiffeId,
        store: &mut dyn Store,
    ) -> Result<Grant, Denial> {
        let workflow = &current.plan.workflow;
        let situation = Situation {
            facts: self.facts,
            request: &self.request,
            peer: peer.as_str(),
            peer_actor: &transition.caller,
            task: &transition.to,
            instance: current.origin.instance(),
            revision: workflow.revision,
        };
        let check_guard = || transition.when.as_ref().map_or(Ok(()), |guard| self.gate.guards.check(guard, &situation));
        if workflow.assurance == Assurance::Identity {
            check_guard()?;
            let step = format!("{}/{}/{}", workflow.name, workflow.revision, transition.to.name);
            return Ok(Grant { step, start: None, receipt: None });
        }
        let leeway = self.gate.config.leeway;
        let issuance = Issuance::of(current, transition, peer, own, self.facts, leeway)
            .ok_or(Denial::Internal("a signed step without a token"))?;
        let key = self.signing_key(current.plan, transition)?;
        issuance.check_times(self.facts.now)?;
        issuance.check_visits(&transition.to)?;
        constraint::check(workflow, &issuance.arrival.performers)?;
        join::check(current)?;
        check_guard()?;
        let until = issuance.presented_until.plus(leeway);
        let entry = Entry::new(workflow, &issuance.parent, &transition.to_string(), until, transition.uses);
        // Signed before it is taken: a transition that is taken must not come to nothing.
        let grant = self.mint(&issuance, key)?;
        take(store, &entry, self.facts.now)?;
        Ok(grant)
    }

    fn signing_key(&self, plan: &CompiledWorkflow, transition: &Transition) -> Result<&'a Key, Denial> {
        self.gate
            .keys
            .signer(plan.workflow.name.as_str(), &transition.to.performer.name)
            .ok_or(Denial::NoConfig("there is no key with which this actor could sign"))
    }

    fn mint(&self, issuance: &Issuance, key: &Key) -> Result<Grant, Denial> {
        let most = match self.gate.config.carrier {
            Carrier::Header => MAX_TOKEN,
            Carrier::Baggage => MAX_BAGGAGE_MEMBER,
        };
        let sign = |token_type, claims| {
            let token = self.crypto.sign(key, token_type, claims).map_err(Denial::Internal)?;
            if token.len() > most { Err(Denial::Internal("the token is too long for its carrier")) } else { Ok(token) }
        };
        Ok(Grant {
            step: sign(TokenType::Arrival, &issuance.arrival)?,
            start: issuance.start.as_ref().map(|claims| sign(TokenType::Arrival, claims)).transpose()?,
            receipt: issuance.receipt.as_ref().map(|claims| sign(TokenType::Receipt, claims)).transpose()?,
        })
    }

    fn verify(&self, jws: crate::token::UnverifiedToken<'_>) -> Result<VerifiedToken, Denial> {
        crate::token::verify(jws, &self.gate.keys, self.crypto, self.facts.now, self.gate.config.leeway)
    }
}
