//! From a case's text to the tokens that its request carries.

use std::collections::BTreeMap;

use ct_codecs::{Base64UrlSafeNoPadding, Decoder, Encoder};
use serde_json::Value;
use stepgate_config::gate::{KeySource, KeyUse};
use stepgate_config::name::{Kid, TaskName};
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Assurance, Task, Workflow};
use stepgate_config::{GateConfig, duration};
use stepgate_decision::UnixTime;
use stepgate_decision::keys::{Crypto, Key, KeyActor, RustCrypto};
use stepgate_decision::synthetic::{Step, synthetic_claims};
use stepgate_decision::token::{Claims, TokenType};

use crate::case::{Given, GivenStep};
use crate::departure::departure;
use crate::environment::Environment;
use crate::tamper::{signed_anew, tamper};

/// A key that no gate has, for forgeries.
const FORGED: &str = r#"{"kty":"oct","k":"Zm9yZ2VkLWZvcmdlZC1mb3JnZWQtZm9yZ2VkLWZvcmdlZA"}"#;

/// The input for the tokens of a case.
#[derive(Debug, Clone, Copy)]
pub struct Mint<'a> {
    /// The gate, if it can be read.
    pub config: Option<&'a GateConfig>,
    /// The keys.
    pub environment: &'a Environment,
    /// The peer: the holder of a token by default.
    pub peer: &'a str,
    /// The time.
    pub now: UnixTime,
    /// Keeps the instances of this run apart from those of another in the same record.
    pub salt: &'a str,
}

/// The tokens of a case.
#[derive(Debug)]
pub struct Tokens {
    tokens: Vec<String>,
    /// The lines of the step header.
    pub lines: Vec<String>,
}

impl Tokens {
    /// A text with `$N` filled in.
    pub fn fill(&self, text: &str) -> String {
        // From the last, so that `$1` does not eat `$10`.
        let tokens = self.tokens.iter().enumerate().rev();
        tokens.fold(text.to_owned(), |text, (at, token)| text.replace(&format!("${at}"), token))
    }
}

/// The name of the replica that a subject is.
pub const REPLICA: &str = "replica-of-the-corpus";

/// The instance of a token that names none.
pub const INSTANCE: &str = "i-1";

impl Mint<'_> {
    /// The tokens of a case, and the lines of the step header.
    ///
    /// # Errors
    /// If the case names something that does not exist.
    pub fn tokens(&self, given: &Given) -> Result<Tokens, String> {
        let tokens = given.steps.iter().map(|step| self.token(step)).collect::<Result<Vec<_>, _>>()?;
        let mut tokens = Tokens { tokens, lines: Vec::new() };
        tokens.lines = match &given.lines {
            Some(lines) => lines.iter().map(|line| tokens.fill(line)).collect(),
            None if tokens.tokens.is_empty() => Vec::new(),
            None => vec![tokens.tokens.join(",")],
        };
        Ok(tokens)
    }

    fn token(&self, step: &GivenStep) -> Result<String, String> {
        let (workflow, task) = self.find(step)?;
        let token_type = match step.token_type.as_deref() {
            None | Some("arrival") => TokenType::Arrival,
            Some("receipt") => TokenType::Receipt,
            Some("departure") => TokenType::Departure,
            Some(other) => return Err(format!("no token type `{other}`")),
        };
        let holder = identity(workflow, step.holder.as_deref().unwrap_or(self.peer));
        let holder = SpiffeId::try_from(holder.as_bytes()).map_err(|error| format!("holder: {error}"))?;
        let issued = self.at(step.issued.as_deref(), self.now)?;
        let instance = step.instance.clone().unwrap_or_else(|| format!("{INSTANCE}{}", self.salt));
        let shown = Step { workflow, task, holder: &holder, instance: &instance, token_type, issued };
        let mut claims = match &step.to {
            Some(to) => departure(&shown, to)?,
            None => synthetic_claims(&shown)
                .into_iter()
                .find(|claims| {
                    step.from.is_none() || claims.wf.from.as_ref().map(TaskName::as_str) == step.from.as_deref()
                })
                .ok_or("no such source")?,
        };
        if workflow.assurance == Assurance::Once {
            claims.rep = Some(REPLICA.to_owned());
        }
        claims.dl = self.at(step.deadline.as_deref(), claims.dl)?;
        claims.exp = self.at(step.expires.as_deref(), claims.exp.min(claims.dl))?;
        self.sign(step, workflow, token_type, &claims)
    }

    fn find(&self, step: &GivenStep) -> Result<(&Workflow, &Task), String> {
        let config = self.config.ok_or("the gate cannot be read: write the step as a line")?;
        let mut workflows = config.workflows.iter();
        let workflow = match step.workflow.as_deref() {
            None => workflows.next(),
            // `NAME` or `NAME/REVISION`.
            Some(wanted) => {
                workflows.find(|w| wanted == w.name.as_str() || wanted == format!("{}/{}", w.name, w.revision))
            }
        };
        let workflow = workflow.ok_or_else(|| format!("no workflow {:?}", step.workflow))?;
        let several = || workflow.transitions.iter().map(|t| &t.from).find(|from| from.name.as_str() == step.task);
        let task = workflow.tasks.get(step.task.as_str()).or_else(several);
        let task = task.ok_or_else(|| format!("no task `{}`", step.task))?;
        Ok((workflow, task))
    }

    /// `+5m` and `-10s`, relative to now.
    fn at(&self, offset: Option<&str>, otherwise: UnixTime) -> Result<UnixTime, String> {
        let Some(offset) = offset else { return Ok(otherwise) };
        let bad = || format!("`{offset}` is not an offset such as `-10s`");
        let (sign, rest) = offset.split_at_checked(1).ok_or_else(bad)?;
        let seconds = match rest {
            "0s" => 0,
            _ => duration::parse(rest).map_err(|error| format!("`{offset}`: {error}"))?.as_secs(),
        };
        let now = self.now.seconds();
        match sign {
            "+" => Ok(UnixTime::from_seconds(now.saturating_add(seconds))),
            "-" => Ok(UnixTime::from_seconds(now.saturating_sub(seconds))),
            _ => Err(bad()),
        }
    }

    fn sign(
        &self,
        step: &GivenStep,
        workflow: &Workflow,
        token_type: TokenType,
        claims: &Claims,
    ) -> Result<String, String> {
        let (kid, jwk) = self.key(step, workflow)?;
        let name = Kid::try_from(kid.as_str()).map_err(|error| error.to_string())?;
        let key = Key::new(name, KeyActor::Any, &jwk).map_err(|error| format!("{kid}: {error}"))?;
        let token = RustCrypto.sign(&key, token_type, claims).map_err(|error| error.to_string())?;
        let token = if step.claims.is_empty() && step.header.is_empty() { token } else { rewrite(&token, step, &key)? };
        step.tamper.as_ref().map_or(Ok(token.clone()), |how| tamper(&token, how, &key))
    }

    /// The `kid` that the token names, and the key that signs it.
    fn key(&self, step: &GivenStep, workflow: &Workflow) -> Result<(String, String), String> {
        let keys =
            || self.config.into_iter().flat_map(|config| &config.keys).filter(|key| key.workflow == workflow.name);
        let spec = match &step.kid {
            Some(kid) => keys().find(|key| key.kid.as_str() == kid),
            None => keys().find(|key| key.key_use == KeyUse::Sign),
        };
        let kid = step.kid.clone().or_else(|| spec.map(|spec| spec.kid.to_string())).ok_or("no key")?;
        let variable = match (&step.signed_by, spec.map(|spec| &spec.source)) {
            (Some(by), _) if by == "forged" => return Ok((kid, FORGED.to_owned())),
            (Some(by), _) => by.clone(),
            (None, Some(KeySource::Env(env))) => env.clone(),
            (None, _) => return Err(format!("`{kid}`: say `signed_by`")),
        };
        let jwk = self.environment.get(&variable).ok_or_else(|| format!("no variable `{variable}`"))?;
        Ok((kid, jwk))
    }
}

/// An actor's first SPIFFE ID, or the text itself.
pub fn identity(workflow: &Workflow, name: &str) -> String {
    let actor = workflow.actors.get(name);
    actor.and_then(|actor| actor.examples.first()).map_or_else(|| name.to_owned(), ToString::to_string)
}

/// Rewrites header and claims, with members that no gate would mint, and signs them (HS256 only).
fn rewrite(token: &str, step: &GivenStep, key: &Key) -> Result<String, String> {
    let mut parts = token.split('.');
    let (Some(header), Some(payload)) = (parts.next(), parts.next()) else { return Err("no token".into()) };
    let header = encode(&overlay(decode(header)?, &step.header).to_string())?;
    let payload = encode(&overlay(decode(payload)?, &step.claims).to_string())?;
    signed_anew(&format!("{header}.{payload}"), key)
}

fn overlay(mut value: Value, with: &BTreeMap<String, Value>) -> Value {
    if let Some(members) = value.as_object_mut() {
        for (name, value) in with {
            if value.is_null() {
                members.remove(name);
            } else if let (Some(inner), Some(old)) =
                (value.as_object(), members.get_mut(name).filter(|old| old.is_object()))
            {
                let inner = inner.clone().into_iter().collect();
                *old = overlay(old.take(), &inner);
            } else {
                members.insert(name.clone(), value.clone());
            }
        }
    }
    value
}

fn decode(part: &str) -> Result<Value, String> {
    let bytes = Base64UrlSafeNoPadding::decode_to_vec(part, None).map_err(|error| error.to_string())?;
    serde_json::from_slice(&bytes).map_err(|error| error.to_string())
}

fn encode(text: &str) -> Result<String, String> {
    Base64UrlSafeNoPadding::encode_to_string(text).map_err(|error| error.to_string())
}
