//! The answer to a request that has left: it may bring the application a receipt, or the start token of its own instance, and
//! no other token.

use stepgate_config::name::WorkflowName;
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::Assurance;

use crate::denial::Denial;
use crate::edits::{Edits, HeaderMap};
use crate::facts::Header;
use crate::gate::Gate;
use crate::inbound::{CurrentStep, Presenter, current_step};
use crate::keys::Crypto;
use crate::step::Steps;
use crate::time::UnixTime;
use crate::token::TokenType;

/// The instance that a request is of, as far as the caller's gate knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Onward {
    workflow: (WorkflowName, u32),
    /// None for a start at `signed`, or at level `identity`.
    instance: Option<String>,
    own: SpiffeId,
}

impl Onward {
    pub(super) fn of(current: &CurrentStep<'_>, own: &SpiffeId) -> Self {
        let workflow = &current.compiled.workflow;
        let instance = instance(current).map(str::to_owned);
        Self { workflow: (workflow.name.clone(), workflow.revision), instance, own: own.clone() }
    }

    /// Whether a gate of the workflow has minted this token for this caller, in this instance.
    fn check(
        &self,
        gate: &Gate,
        token: &[u8],
        start: bool,
        (crypto, now): (&dyn Crypto, UnixTime),
    ) -> Result<(), Denial> {
        let token = std::str::from_utf8(token).map_err(|_| Denial::BadStep("it is not text"))?;
        let current = current_step::read(gate, &Steps(vec![token]), crypto, now)?;
        let [shown] = current.evidence.tokens() else { return Err(Denial::BadStep("it is not one token")) };
        let workflow = &current.compiled.workflow;
        let is_right_kind = match shown.token_type {
            // At `once` this gate itself makes the start token.
            TokenType::Arrival => {
                start && shown.claims.parents.is_empty() && current.at.initial && workflow.assurance != Assurance::Once
            }
            TokenType::Receipt => !start,
            TokenType::Departure => false,
        };
        if !is_right_kind {
            return Err(Denial::BadStep("an answer brings a receipt, or a start token, under its own name"));
        }
        let is_own = (&workflow.name, workflow.revision) == (&self.workflow.0, self.workflow.1)
            && self.instance.as_ref().is_none_or(|instance| *instance == shown.claims.txn);
        if !is_own {
            return Err(Denial::BadStep("it is of another instance than the request"));
        }
        current_step::check(&current, &self.own, Presenter::Application)
    }
}

/// The instance, as far as the caller's gate knows it: at `signed` the receiver names a new one.
pub(super) fn instance<'c>(current: &'c CurrentStep<'_>) -> Option<&'c str> {
    let knows = current.compiled.workflow.assurance == Assurance::Once || !current.evidence.tokens().is_empty();
    current.evidence.instance().filter(|_| knows)
}

/// Removes every step from the headers or trailers of an answer, but a receipt and a start token that the request rightly
/// brings. `onward` is none for a request that is no transition. Returns why a token was removed, if one was.
///
/// # Errors
/// [`Denial::Internal`] where the proxy refuses.
pub fn scrub_answer(
    gate: &Gate,
    onward: Option<&Onward>,
    present: &[Header],
    crypto: (&dyn Crypto, UnixTime),
    map: &mut impl HeaderMap,
) -> Result<Option<Denial>, Denial> {
    let (mut edits, mut removed) = (Edits::of(gate, present), None);
    for (name, start) in [(&gate.config.header, false), (&gate.start_header, true)] {
        let mut lines = present.iter().filter(|(own, _)| own == name);
        let checked = match (lines.next(), lines.next(), onward) {
            (None, ..) => continue,
            (Some(_), Some(_), _) => Err(Denial::BadStep("it is there more than once")),
            (Some(_), None, None) => Err(Denial::BadStep("the request is no transition")),
            (Some((_, value)), None, Some(onward)) => onward.check(gate, value, start, crypto),
        };
        match checked {
            Ok(()) => edits.leave(name),
            Err(why) => removed = Some(why),
        }
    }
    edits.apply(map)?;
    Ok(removed)
}
