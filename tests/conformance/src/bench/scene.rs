//! A workflow with the tokens of its requests.

use std::time::{SystemTime, UNIX_EPOCH};

use stepgate_config::GateConfig;
use stepgate_config::name::Kid;
use stepgate_decision::keys::{Crypto, Key, KeyActor, RustCrypto};
use stepgate_decision::synthetic::{Step, synthetic_claims};
use stepgate_decision::token::TokenType;
use stepgate_decision::{Gate, UnixTime};
use stepgate_mesh::Request;

use super::workflow::{Further, GUARDED_HEADER, Level, REQUEST};
use crate::environment::Environment;

/// A configuration that was read.
pub(super) fn read(text: &str) -> Result<GateConfig, String> {
    let read = stepgate_config::read_gate(text.as_bytes()).into_result();
    read.map(|(config, _)| config)
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

/// The gate of a configuration.
pub(super) fn gate(config: GateConfig, keys: &Environment) -> Result<Gate, String> {
    Gate::new(config, &|name| keys.get(name)).map(|(gate, _)| gate).map_err(|errors| format!("{errors:?}"))
}

/// One level with the key of its tokens.
pub(super) struct Scene {
    pub(super) level: Level,
    pub(super) config: GateConfig,
    key: Key,
    minted: u64,
    /// Whether the signatures are those of other tokens.
    forged: bool,
}

impl Scene {
    pub(super) fn new(level: Level, further: Further, keys: &Environment) -> Result<Self, String> {
        let jwk = keys.get(level.key()).ok_or("the corpus lacks a key")?;
        let kid = Kid::try_from("now").map_err(|error| error.to_string())?;
        let key = Key::new(kid, KeyActor::Any, &jwk).map_err(|error| error.to_string())?;
        Ok(Self { level, config: read(&level.configuration(further))?, key, minted: 0, forged: false })
    }

    /// The same with signatures that do not verify.
    pub(super) fn forged(mut self) -> Self {
        self.forged = true;
        self
    }

    /// This many requests that present a step at `middle`, each of an instance of its own: a gate accepts none twice.
    pub(super) fn requests(&mut self, count: usize) -> Result<Vec<Request>, String> {
        let ((method, path), (name, value)) = (REQUEST, GUARDED_HEADER);
        let request = |step: String| Request::new(method, path).header(name, value).header("x-workflow-step", step);
        Ok(self.steps(count)?.into_iter().map(request).collect())
    }

    /// The steps of so many requests.
    pub(super) fn steps(&mut self, count: usize) -> Result<Vec<String>, String> {
        (0..count).map(|_| self.step()).collect()
    }

    /// A token; at a join one for each source, with commas between them.
    fn step(&mut self) -> Result<String, String> {
        if self.level == Level::Identity {
            return Ok("bench/1/middle".to_owned());
        }
        self.minted = self.minted.saturating_add(1);
        let workflow = self.config.workflows.first().ok_or("no workflow")?;
        let task = workflow.tasks.get("middle").ok_or("no task")?;
        let holder = workflow.actors.get("second").and_then(|actor| actor.examples.first());
        let claims = synthetic_claims(&Step {
            workflow,
            task,
            holder: holder.ok_or("no holder")?,
            instance: &format!("i-{}", self.minted),
            token_type: TokenType::Arrival,
            issued: now(),
        });
        let sign = |claims| RustCrypto.sign(&self.key, TokenType::Arrival, claims).map_err(|error| error.to_string());
        let mut tokens: Vec<String> = claims.iter().map(sign).collect::<Result<_, _>>()?;
        if self.forged {
            tokens.iter_mut().for_each(|token| *token = with_another_signature(token));
        }
        Ok(tokens.join(","))
    }
}

/// The token with the characters of its signature in the other order.
fn with_another_signature(token: &str) -> String {
    match token.rsplit_once('.') {
        // The last character has bits that must be zero, so it stays.
        Some((signed, signature)) => {
            let (last, others) = signature.char_indices().next_back().map_or(("", ""), |(at, _)| {
                let (others, last) = signature.split_at(at);
                (last, others)
            });
            format!("{signed}.{}{last}", others.chars().rev().collect::<String>())
        }
        None => token.to_owned(),
    }
}

pub(super) fn now() -> UnixTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixTime::from_seconds(since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_signature_is_as_long_and_ends_alike() {
        assert_eq!(with_another_signature("h.c.abcd"), "h.c.cbad");
    }
}
