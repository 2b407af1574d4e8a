//! Guards, evaluated by the crate `cel`.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the crate has more kinds of values and expressions than the language"
)]

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, SelectExpr};
use cel::extractors::This;
use cel::objects::{Key, Map};
use cel::{Context, Env, ExecutionError, Program, Value};
use chrono::{DateTime, Datelike};
use ct_codecs::{Base64UrlSafeNoPadding, Decoder};
use regex_lite::Regex;
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Actor, Attribute, Task, Transition, Workflow};

use crate::readable;
use crate::renamed::{documented, fits};
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
    let Some(readable) = readable::of(request, guard.reads()) else { return false };
    let id = named_instance(request).or_else(|| instance.map(str::to_owned)).unwrap_or_default();
    if guard.reads().instance && id.len() > 2_048 {
        return false;
    }
    let (signed, peer) = (workflow.assurance.has_tokens(), documented(workflow, peer));
    let variables = GuardVariables {
        now: request.now,
        fields: &readable.fields,
        headers: &readable.headers,
        parameters: &readable.parameters,
        peer: peer.as_str(),
        caller: &transition.caller,
        task: &transition.to,
        instance: signed.then_some((id.as_str(), workflow.revision)),
    };
    guard_value(guard.source(), &variables) == Some(true)
}

/// The values that a guard may read.
#[derive(Debug)]
#[expect(missing_docs, reason = "they are those of the language page")]
pub struct GuardVariables<'a> {
    /// Seconds since 1970.
    pub now: u64,
    /// The method, the path and the host.
    pub fields: &'a BTreeMap<&'static str, String>,
    pub headers: &'a BTreeMap<String, String>,
    pub parameters: &'a BTreeMap<String, String>,
    pub peer: &'a str,
    pub caller: &'a Actor,
    pub task: &'a Task,
    /// The instance and the revision; none at level `identity`.
    pub instance: Option<(&'a str, u32)>,
}

/// The value of a guard that has been checked; none if it fails.
pub fn guard_value(source: &str, variables: &GuardVariables<'_>) -> Option<bool> {
    let mut context = Context::with_env(Arc::clone(&STANDARD));
    let now = DateTime::from_timestamp(i64::try_from(variables.now).ok()?, 0)?;
    let texts = |found: &BTreeMap<String, String>| map(found.iter().map(|(name, value)| (name.as_str(), text(value))));
    let tables = [("headers", texts(variables.headers)), ("query", texts(variables.parameters))];
    let (caller, to) = (variables.caller, variables.task);
    let single = caller.own.iter().filter(|(id, _)| id.as_str() == variables.peer).map(|(_, own)| own);
    let open = caller.own_open.iter().filter(|(open, _)| fits(&open.to_string(), variables.peer)).map(|(_, own)| own);
    let own = single.chain(open).next().into_iter().flatten();
    // Of two with one name, the later one stays.
    let attributes: Vec<(&str, Value)> =
        caller.attributes.iter().chain(own).map(|(name, value)| (name.as_str(), attribute(value))).collect();
    let own =
        [("id", text(variables.peer)), ("actor", text(caller.name.as_str())), ("attributes", map(attributes.clone()))];
    let task = [("name", text(to.name.as_str())), ("actor", text(to.performer.name.as_str()))];
    context.add_variable_from_value("now", Value::Timestamp(now.fixed_offset()));
    context.add_variable_from_value("peer", map(attributes.into_iter().chain(own)));
    context.add_variable_from_value("task", map(task));
    let fields = variables.fields.iter().map(|(name, value)| (*name, text(value)));
    context.add_variable_from_value("request", map(fields.chain(tables)));
    if let Some((id, revision)) = variables.instance {
        let revision = Value::Int(i64::from(revision));
        context.add_variable_from_value("instance", map([("id", text(id)), ("revision", revision)]));
    }
    evaluate(source, context)
}

/// The value of a guard in a context with its variables; none if it fails, or has another type.
///
/// The crate takes more than the language: so each conversion of a text, each sum and each zone is checked before it is used.
fn evaluate(source: &str, mut context: Context<'_, '_>) -> Option<bool> {
    let condition = checked(Program::compile(source).ok()?.expression());
    let matches = |This(text): This<Arc<String>>, pattern: Arc<String>| {
        Regex::new(&pattern).map(|pattern| pattern.is_match(&text)).map_err(|_| refused())
    };
    let whole = |value: Value| match value {
        Value::Float(number) if number.abs() > f64::MAX || number.is_nan() => Err(refused()),
        value => Ok(value),
    };
    let utc = |value: Value| match value {
        Value::Timestamp(time) => Ok(Value::Timestamp(time.to_utc().fixed_offset())),
        value => Ok(value),
    };
    let known = |value: Value| match value {
        Value::Timestamp(time) if !(2020..2100).contains(&time.to_utc().year()) => Err(refused()),
        value => Ok(value),
    };
    context.add_function("matches", matches).ok()?;
    for (conversion, form) in FORMS {
        context.add_function(&format!("{conversion} text"), of_form(form)).ok()?;
    }
    context.add_function(WHOLE, whole).ok()?;
    context.add_function(UTC, utc).ok()?;
    context.add_function(KNOWN, known).ok()?;
    match context.resolve(&condition) {
        Ok(Value::Bool(value)) => Some(value),
        _ => None,
    }
}

/// The checks that a condition calls. No guard can write these names.
const WHOLE: &str = "whole number";
const UTC: &str = "in UTC";
const KNOWN: &str = "known zone";

/// The forms of texts that conversions take.
const FORMS: [(&str, &str); 5] = [
    ("bool", r"^(true|false)$"),
    ("int", r"^-?[0-9]+$"),
    ("double", r"^-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?$"),
    ("duration", r"^-?(0|([0-9]+(\.[0-9]+)?(h|m|s|ms|us|ns))+)$"),
    (
        "timestamp",
        r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9](\.[0-9]+)?(Z|[-+]([01][0-9]|2[0-3]):[0-5][0-9])$",
    ),
];

/// The same condition, with its checks.
fn checked(node: &IdedExpr) -> IdedExpr {
    let call = |name: &str, argument: IdedExpr| IdedExpr {
        id: node.id,
        expr: Expr::Call(CallExpr { func_name: name.to_owned(), target: None, args: vec![argument] }),
    };
    let expr = match &node.expr {
        Expr::Call(of) => {
            let conversion = FORMS.iter().any(|(name, _)| *name == of.func_name);
            let named = of.func_name.starts_with("get")
                && matches!(of.args.first().map(|zone| &zone.expr),
                    Some(Expr::Literal(LiteralValue::String(zone))) if !zone.inner().contains(':'));
            let argument = |node: &IdedExpr| {
                if conversion { call(&format!("{} text", of.func_name), checked(node)) } else { checked(node) }
            };
            let target = of.target.as_deref().map(checked);
            let target = target.map(|target| Box::new(if named { call(KNOWN, target) } else { target }));
            let args = of.args.iter().map(argument).collect();
            Expr::Call(CallExpr { func_name: of.func_name.clone(), target, args })
        }
        Expr::Select(of) => Expr::Select(SelectExpr { operand: Box::new(checked(&of.operand)), ..of.clone() }),
        Expr::List(of) => {
            let mut list = of.clone();
            list.elements = of.elements.iter().map(checked).collect();
            Expr::List(list)
        }
        other => other.clone(),
    };
    let node = IdedExpr { id: node.id, expr };
    match &node.expr {
        Expr::Call(of) if matches!(of.func_name.as_str(), "_+_" | "_-_" | "_*_" | "_/_") => call(WHOLE, node.clone()),
        Expr::Call(of) if of.func_name == "timestamp" => call(UTC, node.clone()),
        _ => node,
    }
}

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
