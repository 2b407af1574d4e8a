//! Running guards (CEL) on facts.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use cel::extractors::This;
use cel::objects::{Key, Map};
use cel::{Context, Env, ExecutionError, Value};
use chrono::{DateTime, FixedOffset};
use stepgate_config::guard::Guard;
use stepgate_config::workflow::{Actor, Attribute, Task};

use crate::denial::Denial;
use crate::request::Request;

/// Most bytes of one header that a guard sees.
const MAX_HEADER_VALUE: usize = 8192;

/// The environment in which guards run, made once.
pub(crate) struct Guards(Arc<Env>);

/// The values that a guard may read.
pub(crate) struct Variables<'a> {
    pub(crate) request: &'a Request<'a>,
    pub(crate) peer: &'a str,
    pub(crate) peer_actor: &'a Actor,
    pub(crate) task: &'a Task,
    /// The instance's `txn`; none at level `identity`.
    pub(crate) instance: Option<&'a str>,
    pub(crate) revision: u32,
}

impl Guards {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Env::stdlib()))
    }

    /// Permits only where the guard is true: false, another value and an error all deny.
    pub(crate) fn check(&self, guard: &Guard, variables: &Variables<'_>) -> Result<(), Denial> {
        let failed = Denial::GuardFailed;
        let mut context = Context::with_env(Arc::clone(&self.0));
        let now = i64::try_from(variables.request.facts.now.seconds())
            .ok()
            .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
            .ok_or_else(|| failed("the time is out of range".into()))?;
        let now: DateTime<FixedOffset> = now.fixed_offset();
        context.add_variable_from_value("now", Value::Timestamp(now));
        context.add_variable_from_value("request", request(variables));
        context.add_variable_from_value("peer", peer(variables));
        context.add_variable_from_value(
            "task",
            map([
                ("name", text(variables.task.name.as_str())),
                ("actor", text(variables.task.performer.name.as_str())),
            ]),
        );
        if let Some(instance) = variables.instance {
            context.add_variable_from_value(
                "instance",
                map([("id", text(instance)), ("revision", Value::Int(i64::from(variables.revision)))]),
            );
        }
        let patterns = Arc::clone(guard.patterns());
        let matches = move |This(text): This<Arc<String>>, pattern: Arc<String>| match patterns.get(pattern.as_str()) {
            Some(regex) => Ok(regex.is_match(&text)),
            None => Err(ExecutionError::function_error("matches", "the pattern was not compiled with the guard")),
        };
        context.add_function("matches", matches).map_err(|error| failed(error.to_string()))?;
        match guard.program().execute(&context) {
            Ok(Value::Bool(true)) => Ok(()),
            Ok(Value::Bool(false)) => Err(Denial::GuardFalse),
            Ok(_) => Err(failed("its value is neither true nor false".into())),
            Err(error) => Err(failed(error.to_string())),
        }
    }
}

fn request(variables: &Variables<'_>) -> Value {
    let request = variables.request;
    let mut headers: HashMap<Key, Value> = HashMap::new();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for (name, value) in &request.facts.headers {
        let name = name.to_ascii_lowercase();
        // The first value of a name counts, whatever it is. If it is not text, or is too long, the guard sees no such
        // header.
        if name.starts_with(':') || !seen.insert(name.clone()) {
            continue;
        }
        if let Ok(value) = std::str::from_utf8(value)
            && value.len() <= MAX_HEADER_VALUE
        {
            headers.insert(name.into(), text(value));
        }
    }
    map([
        ("method", text(request.method)),
        ("path", text(request.target)),
        ("host", text(request.host)),
        ("headers", Value::Map(Map { map: Arc::new(headers) })),
    ])
}

fn peer(variables: &Variables<'_>) -> Value {
    let actor = variables.peer_actor;
    let attributes = || actor.attributes.iter().map(|(name, value)| (name.as_str(), attribute(value)));
    let own = [("id", text(variables.peer)), ("actor", text(actor.name.as_str())), ("attributes", map(attributes()))];
    map(attributes().chain(own))
}

fn attribute(value: &Attribute) -> Value {
    match value {
        Attribute::Bool(value) => Value::Bool(*value),
        Attribute::Int(value) => Value::Int(*value),
        Attribute::Float(value) => Value::Float(*value),
        Attribute::Text(value) => text(value),
    }
}

fn text(text: &str) -> Value {
    Value::String(Arc::new(text.to_owned()))
}

fn map<'k>(members: impl IntoIterator<Item = (&'k str, Value)>) -> Value {
    let map: HashMap<Key, Value> = members.into_iter().map(|(name, value)| (name.to_owned().into(), value)).collect();
    Value::Map(Map { map: Arc::new(map) })
}
