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
    fn brings(&self, gate: &Gate, token: &str, start: bool, (crypto, now): (&dyn Crypto, UnixTime)) -> bool {
        let Ok(current) = current_step::read(gate, &Steps(vec![token]), crypto, now) else { return false };
        let [shown] = current.evidence.tokens() else { return false };
        let workflow = &current.compiled.workflow;
        let is_right_kind = match shown.token_type {
            // At `once` this gate itself makes the start token.
            TokenType::Arrival => {
                start && shown.claims.parents.is_empty() && current.at.initial && workflow.assurance != Assurance::Once
            }
            TokenType::Receipt => !start,
            TokenType::Departure => false,
        };
        is_right_kind
            && (&workflow.name, workflow.revision) == (&self.workflow.0, self.workflow.1)
            && self.instance.as_ref().is_none_or(|instance| *instance == shown.claims.txn)
            && current_step::check(&current, &self.own, Presenter::Application).is_ok()
    }
}

/// The instance, as far as the caller's gate knows it: at `signed` the receiver names a new one.
pub(super) fn instance<'c>(current: &'c CurrentStep<'_>) -> Option<&'c str> {
    let knows = current.compiled.workflow.assurance == Assurance::Once || !current.evidence.tokens().is_empty();
    current.evidence.instance().filter(|_| knows)
}

/// Removes every step from the headers or trailers of an answer, but a receipt and a start token that the request rightly
/// brings. `onward` is none for a request that is no transition.
///
/// # Errors
/// [`Denial::Internal`] where the proxy refuses.
pub fn scrub_answer(
    gate: &Gate,
    onward: Option<&Onward>,
    present: &[Header],
    crypto: (&dyn Crypto, UnixTime),
    map: &mut impl HeaderMap,
) -> Result<(), Denial> {
    let mut edits = Edits::of(gate, present);
    for (name, start) in [(&gate.config.header, false), (&gate.start_header, true)] {
        let mut lines = present.iter().filter(|(own, _)| own == name);
        if let (Some((_, value)), None) = (lines.next(), lines.next())
            && let Ok(token) = std::str::from_utf8(value)
            && onward.is_some_and(|onward| onward.brings(gate, token, start, crypto))
        {
            edits.leave(name);
        }
    }
    edits.apply(map)
}
