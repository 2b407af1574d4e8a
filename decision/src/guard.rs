//! Running guards (CEL) on facts.

mod failure;
mod query;
mod readable;

use std::collections::HashMap;
use std::sync::Arc;

use cel::extractors::This;
use cel::objects::{Key, Map};
use cel::{Context, DeclarationError, Env, ExecutionError, Value};
use chrono::{DateTime, FixedOffset};
pub use failure::{Fault, GuardFailure};
use stepgate_config::guard::{CONVERSIONS, Conversion, FINITE, Guard};
use stepgate_config::workflow::{Actor, Attribute, Task};

use crate::facts::Facts;
use readable::Readable;

/// The environment in which guards run, made once.
pub(crate) struct Guards(Arc<Env>);

/// The values that a guard may read.
pub(crate) struct Variables<'a> {
    pub(crate) facts: &'a Facts,
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

    /// The guard's value. Only `true` permits: an error denies as false does.
    ///
    /// # Errors
    /// The request has a part that the guard must not read, or the guard failed.
    pub(crate) fn evaluate(&self, guard: &Guard, variables: &Variables<'_>) -> Result<bool, GuardFailure> {
        let request = Readable::of(variables.facts, guard.reads())?;
        let mut context = Context::with_env(Arc::clone(&self.0));
        let now = i64::try_from(variables.facts.now.seconds())
            .ok()
            .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
            .ok_or(GuardFailure::Time)?;
        let now: DateTime<FixedOffset> = now.fixed_offset();
        context.add_variable_from_value("now", Value::Timestamp(now));
        context.add_variable_from_value("request", request_value(&request));
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
        context.add_function("matches", matches).map_err(|_| GuardFailure::Operator)?;
        add_checks(&mut context, guard).map_err(|_| GuardFailure::Operator)?;
        match context.resolve(guard.condition()) {
            Ok(Value::Bool(value)) => Ok(value),
            Ok(_) => Err(GuardFailure::Operator),
            Err(error) => Err(failure_of(&error, guard, &request)),
        }
    }
}

/// Adds the checks of conversions and of doubles that the guard calls.
fn add_checks(context: &mut Context<'_, '_>, guard: &Guard) -> Result<(), DeclarationError> {
    let called =
        |conversion: &&'static Conversion| guard.reads().calls.iter().any(|(name, _)| *name == conversion.name);
    for conversion in CONVERSIONS.iter().filter(called) {
        context.add_function(conversion.check, |value: Value| {
            if let Value::String(text) = &value
                && !conversion.takes(text)
            {
                return Err(ExecutionError::function_error(conversion.name, "a text of another form"));
            }
            Ok(value)
        })?;
    }
    context.add_function(FINITE, |value: f64| match value.is_finite() {
        true => Ok(value),
        false => Err(ExecutionError::function_error(FINITE, "not a number")),
    })
}

/// The failure that an error of the evaluator stands for. Its text is not used: it repeats values.
fn failure_of(error: &ExecutionError, guard: &Guard, request: &Readable<'_>) -> GuardFailure {
    use ExecutionError::{DivisionByZero, FunctionError, NoSuchKey, Overflow, RemainderByZero};
    if let FunctionError { function, .. } = error {
        if function == FINITE {
            return GuardFailure::Arithmetic;
        }
        return GuardFailure::call(function, guard.reads());
    }
    if matches!(error, NoSuchKey(_)) {
        return GuardFailure::absent(&request.absent(guard.reads()));
    }
    if matches!(error, Overflow(..) | DivisionByZero(_) | RemainderByZero(_)) {
        return GuardFailure::Arithmetic;
    }
    GuardFailure::Operator
}

fn request_value(request: &Readable<'_>) -> Value {
    let fields = [("method", request.method), ("path", request.path.as_deref()), ("host", request.host.as_deref())];
    let fields = fields.into_iter().filter_map(|(name, value)| Some((name, text(value?))));
    let tables = [
        ("headers", map(request.headers.iter().map(|(name, value)| (*name, text(value))))),
        ("query", map(request.query.iter().map(|(name, value)| (*name, text(value))))),
    ];
    map(fields.chain(tables))
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
