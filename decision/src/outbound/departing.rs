//! A request that leaves at level `once`: the rest of the decision, which the receiver's gate makes too, the use of the
//! transition, and the departure.

use std::sync::Arc;

use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::Transition;

use crate::denial::Denial;
use crate::facts::Facts;
use crate::gate::Gate;
use crate::inbound::{CurrentStep, Issuance, guard, sign, signer};
use crate::keys::Crypto;
use crate::permit::Minted;
use crate::replay_record::{Store, consume};
use crate::step::Steps;
use crate::switch::{Check, on};
use crate::token::{Claims, TokenType};

/// A transition of this workload that is to leave.
pub(super) struct Departing<'d> {
    pub(super) gate: &'d Gate,
    pub(super) own: &'d SpiffeId,
    pub(super) facts: &'d Facts,
    pub(super) current: &'d CurrentStep<'d>,
    pub(super) transition: &'d Arc<Transition>,
}

impl Departing<'_> {
    /// Takes one use of the transition, and mints its departure.
    pub(super) fn take(&self, steps: &Steps<'_>, crypto: &dyn Crypto, store: &mut dyn Store) -> Result<Minted, Denial> {
        let Self { gate, own, facts, current, transition } = *self;
        self.check_replica()?;
        let key = signer(gate, &current.compiled.workflow, &transition.caller)?;
        let issuance = self.issuance()?;
        guard::check(facts, current, transition, own)?;
        let sign = |token_type, claims: &Claims| sign(gate, (crypto, key), token_type, claims);
        let entry = issuance.entry(current, transition, gate.config.leeway);
        // Signed before it is consumed: a failure to sign must not use up the transition.
        let minted = Minted {
            step: sign(TokenType::Departure, &issuance.departure(current, transition, own))?,
            beside: if transition.via { steps.0.iter().map(|step| (*step).to_owned()).collect() } else { Vec::new() },
            start: issuance.start.as_ref().map(|claims| sign(TokenType::Arrival, claims)).transpose()?,
            ..Minted::default()
        };
        if on(Check::Record) {
            consume(store, &entry, facts.now)?;
        }
        Ok(Minted { consumed: Some(entry), ..minted })
    }

    /// What leaves an arrival is decided by the one record that knows it: that of the replica that minted it, for a receipt
    /// of the one that made the call. Of several tokens that counts whose source sorts first; `check` lets pass only
    /// documents in which there is one such token.
    fn check_replica(&self) -> Result<(), Denial> {
        let own = self.facts.replica.as_ref().ok_or(Denial::Internal("the proxy has no name among its replicas"))?;
        let source = |claims: &&Claims| claims.wf.from.clone().unwrap_or_else(|| claims.wf.task.clone());
        let deciding = self.current.evidence.tokens().iter().map(|token| &token.claims).min_by_key(source);
        let here = deciding.is_none_or(|claims| claims.rep.as_ref() == Some(own));
        if here { Ok(()) } else { Err(Denial::Replica) }
    }

    /// The tokens of the transition, once all is checked that the receiver's gate checks. Which of the receiver's workloads
    /// gets the request is not known here: a constraint is broken if it would be by each of them.
    fn issuance(&self) -> Result<Issuance, Denial> {
        let Self { gate, own, facts, current, transition } = *self;
        let performer = &transition.to.performer;
        let histories = current.evidence.tokens().iter().map(|token| &token.claims.performers);
        // Of an open segment, those that are bound already are among the candidates.
        let bound = histories.flat_map(|history| history.values()).flat_map(|ids| ids.iter());
        let candidates = performer.examples.iter().chain(bound.filter(|id| performer.includes(id)));
        let mut broken = Denial::Internal("an actor without workloads");
        for candidate in candidates {
            match Issuance::checked(current, transition, own, candidate, facts, gate.config.leeway) {
                Err(denial @ Denial::Constraint { .. }) => broken = denial,
                checked => return checked,
            }
        }
        Err(broken)
    }
}
