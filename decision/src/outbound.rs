//! The outbound decision: whether a request of the application may leave, and what may come back.
//!
//! It is the inbound decision seen from the other side, as far as the caller's gate can see it: the request is a transition
//! from a step that this workload holds, to an actor whom both the cluster that the proxy has chosen and the request's host
//! name. At `signed` the times, the history, the guard and the record are the receiver's. At `once` they are the caller's,
//! too: the gate takes the use of the transition, and sends a departure.

mod answer;
mod departing;
mod destination;

use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Assurance, Mode};

use answer::instance;
pub use answer::{Onward, scrub_answer};
use departing::Departing;
use destination::Destination;

use crate::audit::AuditContext;
use crate::denial::Denial;
use crate::facts::{Facts, MAX_HEADERS};
use crate::gate::Gate;
use crate::inbound::{Classified, CurrentStep, Presenter, choose, current_step, start};
use crate::keys::Crypto;
use crate::permit::{Minted, PassThrough, Permit};
use crate::replay_record::Store;
use crate::request::{Request, upgrade_name};
use crate::step::Steps;
use crate::verdict::{Denied, Verdict};

/// Decides one request of this workload that goes out. A permit leaves the request its steps; a request that is on the gate's `egress` list
/// goes on without any.
pub(crate) fn outbound(
    gate: &Gate,
    own: &SpiffeId,
    facts: &Facts,
    crypto: &dyn Crypto,
    store: &mut dyn Store,
) -> Verdict {
    let request = Request::of(facts);
    let mut audit = AuditContext::begun(request.method, request.target);
    let headers = &facts.headers;
    if headers.len() > MAX_HEADERS {
        return Verdict::Denied(Denied::new(Denial::Internal("there are more than 512 headers"), audit));
    }
    match (Decision { gate, own, request, crypto, audit: &mut audit }).decide(store) {
        Ok(Leaves::Transition(onward)) => Verdict::Permitted(Permit::onward(gate, headers, onward, audit)),
        Ok(Leaves::Departure(made)) => Verdict::Permitted(Permit::departing(gate, headers, *made, audit)),
        Ok(Leaves::Egress) => Verdict::Exempt(PassThrough::egress(gate, headers)),
        Err(denial) => match gate.mode_of(Some(own)) {
            Mode::Observe => Verdict::Observed(Denied::new(denial, audit), PassThrough::unchanged(headers)),
            Mode::Enforce => Verdict::Denied(Denied::new(denial, audit)),
        },
    }
}

/// Why a request may leave.
enum Leaves {
    Transition(Onward),
    Departure(Box<(Minted, Onward)>),
    Egress,
}

/// One decision, while it is made.
struct Decision<'a, 't> {
    gate: &'a Gate,
    own: &'a SpiffeId,
    request: Request<'a>,
    crypto: &'a dyn Crypto,
    audit: &'t mut AuditContext,
}

impl<'a> Decision<'a, '_> {
    fn decide(&mut self, store: &mut dyn Store) -> Result<Leaves, Denial> {
        let own = self.own;
        self.audit.peer = Some(own.clone());
        let upgrade = self.request.upgrade()?;
        self.request.path()?;
        let destination = Destination::of(self.gate, &self.request)?;
        let classified = Classified::among(self.gate, &self.request, destination.tasks());
        if classified.is_no_task() && upgrade.is_none() && destination.is_egress(self.gate, &self.request, &classified)
        {
            return Ok(Leaves::Egress);
        }
        if destination.actors.is_empty() {
            return Err(Denial::Egress("the host is not an actor's, and `egress` does not list the request"));
        }
        let requested = classified.tasks()?;
        let steps = Steps::of(self.request.facts, &self.gate.config.header, self.gate.config.carrier)?;
        let receives = |actor: &_| destination.actors.iter().any(|called| std::ptr::eq(called.actor.as_ref(), actor));
        let (current, transition) = if steps.0.is_empty() {
            start(self.gate, self.request.facts, &requested, (own, Presenter::Application), &receives)?
        } else {
            let current = current_step::read(self.gate, &steps, self.crypto, self.request.facts.now)?;
            self.note(&current);
            current_step::check(&current, own, Presenter::Application)?;
            let transition = choose(&current, &requested, own, &receives)?;
            (current, transition)
        };
        self.note(&current);
        self.audit.transition = Some(transition.to_string());
        if let Some(upgrade) = upgrade.filter(|name| !transition.to.upgrade.contains(name)) {
            return Err(Denial::Upgrade(upgrade_name(&upgrade)));
        }
        let onward = Onward::of(&current, own);
        if current.compiled.workflow.assurance != Assurance::Once {
            return Ok(Leaves::Transition(onward));
        }
        let (gate, crypto, facts) = (self.gate, self.crypto, self.request.facts);
        let departing = Departing { gate, own, facts, current: &current, transition: &transition };
        let minted = departing.take(&steps, crypto, store)?;
        Ok(Leaves::Departure(Box::new((minted, onward))))
    }

    /// From here on the workflow is known, and the audit context names it. At `signed` the receiver draws the name of a new
    /// instance.
    fn note(&mut self, current: &CurrentStep<'_>) {
        self.audit.workflow = Some((current.compiled.workflow.name.clone(), current.compiled.workflow.revision));
        self.audit.at = Some(current.at.name.clone());
        self.audit.instance = instance(current).map(str::to_owned);
    }
}
