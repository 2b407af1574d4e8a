//! A step that somebody holds, as claims and as what travels in a request.

use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Assurance, Task, Workflow};
use stepgate_decision::UnixTime;
use stepgate_decision::keys::{Crypto, Key, KeyRing, RustCrypto};
use stepgate_decision::step::PlainStep;
use stepgate_decision::synthetic::{Step, synthetic_claims};
use stepgate_decision::token::{Claims, TokenType};

use super::failure::Failure;
use super::names;

/// Who holds which step of which instance.
pub(super) struct Held<'a> {
    pub(super) workflow: &'a Workflow,
    pub(super) task: &'a Task,
    pub(super) holder: SpiffeId,
    pub(super) token_type: TokenType,
    pub(super) instance: &'a str,
    pub(super) issued: UnixTime,
}

impl Held<'_> {
    /// What the gates would have minted: one token's claims, or at a join those of each source.
    pub(super) fn claims(&self) -> Vec<Claims> {
        let Self { workflow, task, ref holder, token_type, instance, issued } = *self;
        let mut all = synthetic_claims(&Step { workflow, task, holder, instance, token_type, issued });
        // A gate issues for its own workload. A holder who performs nothing there did not issue it.
        let speaks = |claims: &Claims| task.performer.includes(&claims.iss);
        for claims in all.iter_mut().filter(|claims| !speaks(claims) && claims.iss == *holder) {
            if let Some(performer) = task.performer.spiffe.first() {
                claims.iss.clone_from(performer);
            }
        }
        all
    }

    /// As it travels: a plain step, or tokens signed with the issuer's key.
    pub(super) fn values(&self, keys: &KeyRing) -> Result<Vec<String>, Failure> {
        let workflow = self.workflow;
        if workflow.assurance == Assurance::Identity {
            return Ok(vec![PlainStep::of(workflow, self.task).to_string()]);
        }
        self.claims().iter().map(|claims| sign(self.token_type, claims, key_for(workflow, claims, keys)?)).collect()
    }
}

/// Signs claims.
pub(super) fn sign(token_type: TokenType, claims: &Claims, key: &Key) -> Result<String, Failure> {
    RustCrypto
        .sign(key, token_type, claims)
        .map_err(|why| Failure::impossible(format!("cannot sign with the key `{}`: {why}", key.kid())))
}

/// The key with which the issuer of these claims signs.
pub(super) fn key_for<'k>(workflow: &Workflow, claims: &Claims, keys: &'k KeyRing) -> Result<&'k Key, Failure> {
    let issuer = names::actor_of(workflow, claims.iss.as_str());
    issuer.and_then(|actor| keys.signer(&workflow.name, &actor.name)).ok_or_else(|| {
        Failure::impossible(format!("there is no key with which `{}` could sign for `{}`", claims.iss, workflow.name))
            .help("a key with `use: sign`, for that actor or for `*`, must be configured and in the environment")
    })
}
