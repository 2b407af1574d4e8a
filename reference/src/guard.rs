//! Guards, evaluated by the crate `cel`.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use cel::extractors::This;
use cel::objects::{Key, Map};
use cel::{Context, Env, ExecutionError, Value};
use chrono::DateTime;
use ct_codecs::{Base64UrlSafeNoPadding, Decoder};
use regex_lite::Regex;
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Assurance, Attribute, Transition, Workflow};

use crate::readable;
use crate::request::Request;

static STANDARD: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// Whether the transition has no guard, or one that is true. `instance` is the reader's name for the instance, which
/// counts where no token says what its gate calls it.
pub(crate) fn holds(
    workflow: &Workflow,
    transition: &Transition,
    request: &Request,
    peer: &SpiffeId,
    instance: Option<&str>,
) -> bool {
    let Some(guard) = &transition.when else { return true };
    let mut context = Context::with_env(Arc::clone(&STANDARD));
    let Some(now) = i64::try_from(request.now).ok().and_then(|now| DateTime::from_timestamp(now, 0)) else {
        return false;
    };
    let Some(readable) = readable::of(request, guard.reads()) else { return false };
    let texts = |found: &BTreeMap<String, String>| map(found.iter().map(|(name, value)| (name.as_str(), text(value))));
    let tables = [("headers", texts(&readable.headers)), ("query", texts(&readable.parameters))];
    let caller = &transition.caller;
    let attributes: Vec<(&str, Value)> =
        caller.attributes.iter().map(|(name, value)| (name.as_str(), attribute(value))).collect();
    let own =
        [("id", text(peer.as_str())), ("actor", text(caller.name.as_str())), ("attributes", map(attributes.clone()))];
    let to = &transition.to;
    let task = [("name", text(to.name.as_str())), ("actor", text(to.performer.name.as_str()))];
    context.add_variable_from_value("now", Value::Timestamp(now.fixed_offset()));
    context.add_variable_from_value("peer", map(attributes.into_iter().chain(own)));
    context.add_variable_from_value("task", map(task));
    let fields = readable.fields.iter().map(|(name, value)| (*name, text(value)));
    context.add_variable_from_value("request", map(fields.chain(tables)));
    if workflow.assurance == Assurance::Signed {
        let id = named_instance(request).or_else(|| instance.map(str::to_owned)).unwrap_or_default();
        if guard.reads().instance && id.len() > 2_048 {
            return false;
        }
        let revision = Value::Int(i64::from(workflow.revision));
        context.add_variable_from_value("instance", map([("id", text(&id)), ("revision", revision)]));
    }
    let patterns = Arc::clone(guard.patterns());
    let matches = move |This(text): This<Arc<String>>, pattern: Arc<String>| {
        let read = patterns.get(pattern.as_str()).map(|pattern| pattern.is_match(&text));
        read.ok_or_else(|| ExecutionError::function_error("matches", "this pattern was not read with the guard"))
    };
    let whole = |value: f64| (value.abs() <= f64::MAX).then_some(value).ok_or_else(refused);
    context.add_function("matches", matches).is_ok()
        && FORMS.iter().all(|(check, form)| context.add_function(check, of_form(form)).is_ok())
        && context.add_function("finite double", whole).is_ok()
        && matches!(context.resolve(guard.condition()), Ok(Value::Bool(true)))
}

/// The forms of texts that conversions take, by the check that a condition calls.
const FORMS: [(&str, &str); 5] = [
    ("bool text", r"^(true|false)$"),
    ("int text", r"^-?[0-9]+$"),
    ("double text", r"^-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?$"),
    ("duration text", r"^-?(0|([0-9]+(\.[0-9]+)?(h|m|s|ms|us|ns))+)$"),
    (
        "timestamp text",
        r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9](\.[0-9]+)?(Z|[-+][0-9]{2}:[0-9]{2})$",
    ),
];

fn refused() -> ExecutionError {
    ExecutionError::function_error("check", "refused")
}

fn of_form(form: &str) -> impl Fn(Value) -> Result<Value, ExecutionError> + Send + Sync + 'static {
    let form = Regex::new(form);
    move |value| {
        let Value::String(text) = &value else { return Ok(value) };
        let endless = text.parse().is_ok_and(f64::is_infinite);
        let taken = text.len() <= 64 && !endless && form.as_ref().is_ok_and(|form| form.is_match(text));
        if taken { Ok(value) } else { Err(refused()) }
    }
}

/// The `txn` of the first token.
fn named_instance(request: &Request) -> Option<String> {
    let payload = request.shown.first()?.text().split('.').nth(1)?;
    let claims = Base64UrlSafeNoPadding::decode_to_vec(payload, None).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&claims).ok()?;
    claims.get("txn")?.as_str().map(str::to_owned)
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
