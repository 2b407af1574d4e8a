//! An example step: the claims of a valid step, its tokens, and the headers that carry them.

use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Assurance, Task, Workflow};
use stepgate_decision::UnixTime;
use stepgate_decision::keys::{Crypto, Key, KeyRing, RustCrypto};
use stepgate_decision::step::PlainStep;
use stepgate_decision::synthetic::{Step, synthetic_claims};
use stepgate_decision::token::{Claims, TokenType};

use super::error::CommandError;
use super::history::History;

/// A step that a workload holds.
pub(super) struct ExampleStep<'a> {
    pub(super) workflow: &'a Workflow,
    pub(super) task: &'a Task,
    pub(super) holder: SpiffeId,
    pub(super) token_type: TokenType,
    pub(super) instance: &'a str,
    pub(super) issued: UnixTime,
    pub(super) history: History,
}

impl ExampleStep<'_> {
    /// The claims that gates would have minted: of one token, or at a join of one for each task before the join.
    pub(super) fn claims(&self) -> Vec<Claims> {
        let Self { workflow, task, ref holder, token_type, instance, issued, ref history } = *self;
        let mut all = synthetic_claims(&Step { workflow, task, holder, instance, token_type, issued });
        // A gate issues tokens for its own workload. A holder that does not perform the task did not issue this one.
        let is_performer = |claims: &Claims| task.performer.includes(&claims.iss);
        for claims in all.iter_mut().filter(|claims| !is_performer(claims) && claims.iss == *holder) {
            if let Some(performer) = task.performer.examples.first() {
                claims.iss.clone_from(performer);
            }
        }
        // A start token says only that the instance has begun.
        all.iter_mut().filter(|claims| !claims.parents.is_empty()).for_each(|claims| history.add_to(claims));
        all
    }

    /// The value in a request: a plain step, or tokens signed with the issuer's key.
    pub(super) fn values(&self, keys: &KeyRing) -> Result<Vec<String>, CommandError> {
        let workflow = self.workflow;
        if workflow.assurance == Assurance::Identity {
            return Ok(vec![PlainStep::of(workflow, self.task).to_string()]);
        }
        self.claims().iter().map(|claims| sign(self.token_type, claims, key_for(workflow, claims, keys)?)).collect()
    }
}

/// Signs claims.
pub(super) fn sign(token_type: TokenType, claims: &Claims, key: &Key) -> Result<String, CommandError> {
    RustCrypto
        .sign(key, token_type, claims)
        .map_err(|error| CommandError::failed(format!("cannot sign with the key `{}`: {error}", key.kid())))
}

/// The key of the issuer of these claims.
pub(super) fn key_for<'k>(workflow: &Workflow, claims: &Claims, keys: &'k KeyRing) -> Result<&'k Key, CommandError> {
    // As the performer of the task; of a start, as the actor that was called first; else as any of its actors.
    let task = workflow.tasks.get(&claims.wf.task);
    let starts = claims.parents.is_empty();
    let called = task.filter(|_| starts).into_iter().flat_map(|task| workflow.leaving(task)).map(|t| &t.to.performer);
    let performer = task.filter(|_| !starts).map(|task| &task.performer);
    let mut rightful = called.chain(performer).filter(|actor| actor.includes(&claims.iss));
    let issuer = rightful.next().or_else(|| workflow.roles(&claims.iss).next());
    issuer.and_then(|actor| keys.signer(&workflow.name, &actor.name)).ok_or_else(|| {
        CommandError::failed(format!("there is no key with which `{}` could sign for `{}`", claims.iss, workflow.name))
            .help("a key with `use: sign`, for that actor or for `*`, must be configured and in the environment")
    })
}
