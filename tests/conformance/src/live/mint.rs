//! Steps of instances that never began: the tokens that their rightful holders would have, minted here.

use std::time::{SystemTime, UNIX_EPOCH};

use stepgate_config::GateConfig;
use stepgate_config::gate::KeySource;
use stepgate_config::workflow::Workflow;
use stepgate_decision::UnixTime;
use stepgate_decision::keys::{Crypto, Key, KeyActor, RustCrypto};
use stepgate_decision::replay_record::Entry;
use stepgate_decision::synthetic::{Step, synthetic_claims};
use stepgate_decision::token::{Claims, TokenType};

use crate::environment::Environment;

/// The workflows and keys of one gate.
#[derive(Debug)]
pub struct Mint {
    config: GateConfig,
    environment: Environment,
}

impl Mint {
    /// For a gate of this configuration.
    ///
    /// # Errors
    /// The errors in the configuration.
    pub fn new(configuration: &str, environment: Environment) -> Result<Self, String> {
        let read = stepgate_config::read_gate(configuration.as_bytes()).into_result();
        let (config, _) =
            read.map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
        Ok(Self { config, environment })
    }

    /// One of its workflows.
    ///
    /// # Errors
    /// If there is none.
    pub fn workflow(&self, (name, revision): (&str, u32)) -> Result<&Workflow, String> {
        let mut all = self.config.workflows.iter();
        let found = all.find(|workflow| workflow.name.as_str() == name && workflow.revision == revision);
        found.map(AsRef::as_ref).ok_or_else(|| format!("no {name}/{revision}"))
    }

    /// The arrival of an instance at a task, held by the task's first performer, issued now.
    ///
    /// # Errors
    /// If there is no such workflow, task or key.
    pub fn step(&self, workflow: (&str, u32), task: &str, kid: &str, instance: &str) -> Result<String, String> {
        let claims = self.claims(workflow, task, instance)?;
        RustCrypto.sign(&self.key(workflow.0, kid)?, TokenType::Arrival, &claims).map_err(|error| error.to_string())
    }

    /// The key of the record's bucket for the transition of that instance out of that task.
    ///
    /// # Errors
    /// If there is no such workflow, task or transition.
    pub fn bucket(&self, workflow: (&str, u32), from: &str, to: &str, instance: &str) -> Result<String, String> {
        let parent = self.claims(workflow, from, instance)?.jti;
        let workflow = self.workflow(workflow)?;
        let mut all = workflow.transitions.iter();
        let transition = all.find(|t| t.from.name.as_str() == from && t.to.name.as_str() == to);
        let transition = transition.ok_or("no such transition")?.to_string();
        Ok(Entry::new(workflow, &parent, &transition, UnixTime::MAX, 1).key())
    }

    fn claims(&self, workflow: (&str, u32), task: &str, instance: &str) -> Result<Claims, String> {
        let workflow = self.workflow(workflow)?;
        let task = workflow.tasks.get(task).ok_or_else(|| format!("no task {task}"))?;
        let holder = task.performer.examples.first().ok_or("the task has no performer")?;
        let step = Step { workflow, task, holder, instance, token_type: TokenType::Arrival, issued: now() };
        synthetic_claims(&step).into_iter().next().ok_or_else(|| "no claims".to_owned())
    }

    fn key(&self, workflow: &str, kid: &str) -> Result<Key, String> {
        let mut all = self.config.keys.iter();
        let found = all.find(|key| key.workflow.as_str() == workflow && key.kid.as_str() == kid);
        let spec = found.ok_or_else(|| format!("no key {kid}"))?;
        let jwk = match &spec.source {
            KeySource::Jwk(jwk) => jwk.clone(),
            KeySource::Env(env) => self.environment.get(env).ok_or_else(|| format!("no {env}"))?,
        };
        Key::new(spec.kid.clone(), KeyActor::Any, &jwk).map_err(|error| error.to_string())
    }
}

/// The time.
pub fn now() -> UnixTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixTime::from_seconds(since.as_secs())
}
