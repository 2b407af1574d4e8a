//! The guard of a transition.

use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::Transition;

use super::current_step::CurrentStep;
use crate::denial::Denial;
use crate::facts::Facts;
use crate::guard::{self, Variables};

/// Whether the transition's guard, if it has one, is true for this request.
pub(crate) fn check(
    facts: &Facts,
    current: &CurrentStep<'_>,
    transition: &Transition,
    peer: &SpiffeId,
) -> Result<(), Denial> {
    let Some(guard) = &transition.when else { return Ok(()) };
    let variables = Variables {
        facts,
        peer: &current.compiled.workflow.domain.canonical(peer),
        peer_actor: &transition.caller,
        task: &transition.to,
        instance: current.evidence.instance(),
        revision: current.compiled.workflow.revision,
    };
    match guard::evaluate(guard, &variables) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Denial::GuardFalse),
        Err(failure) => Err(Denial::GuardFailed(failure)),
    }
}
