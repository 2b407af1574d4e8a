//! Whether a tree has the shape that the tables say: every departure, each with its place.

use super::key::article;
use super::{Format, Key, Level, Need, Object, Value};
use crate::bounds::MAX_ATTRIBUTE;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::report::{Report, listed, quote};
use crate::syntax::{Entry, Kind, Node};

/// The key, and where it stands, under which a value was found.
#[derive(Clone, Copy)]
struct At<'t> {
    name: Option<&'t str>,
    span: Span,
    /// Whether it is an item of the list that stands there.
    item: bool,
}

impl At<'_> {
    /// `` `requests` ``, or what there is instead of a name.
    fn subject(&self) -> String {
        match self.name {
            Some(name) if self.item => format!("an item of {}", quote(name)),
            Some(name) => quote(name),
            None => "this".to_owned(),
        }
    }
}

/// Reports all in which `node` differs from `object`. What passes can be read through
/// [`super::Fields`] without a further look at its form.
pub(crate) fn check(node: &Node<'_>, object: &'static Object, report: &mut Report) {
    self::object(node, object, At { name: None, span: node.head_span(), item: false }, report);
}

fn value(node: &Node<'_>, expected: &'static Value, at: At<'_>, report: &mut Report) {
    match (expected, &node.kind) {
        (_, Kind::Broken) | (Value::Unread, _) => {}
        (Value::Text(format), Kind::Text(text)) => {
            if let Err((code, message)) = format.check(text) {
                report.push(Diagnostic::new(code, node.span, not_such(text, *format)).label(message));
            }
        }
        (Value::Choice { words, later }, Kind::Text(text)) => choice(text, words, later, node.span, at, report),
        (Value::Flag, Kind::Bool(_)) => {}
        (Value::Whole { least, most }, Kind::Int(number)) => {
            if !(*least..=*most).contains(number) {
                let message = format!("{} is out of range", at.subject());
                report.push(Diagnostic::new(Code::BadValue, node.span, message).label(format!("{least} to {most}")));
            }
        }
        (Value::Scalar, Kind::Bool(_) | Kind::Int(_) | Kind::Float(_)) => {}
        (Value::Scalar, Kind::Text(text)) => {
            if text.len() > MAX_ATTRIBUTE {
                let message = format!("{} is too long", at.subject());
                report.push(
                    Diagnostic::new(Code::TooMany, node.span, message).label(format!("at most {MAX_ATTRIBUTE} bytes")),
                );
            }
        }
        (Value::List { of, least, most }, Kind::List(items)) => {
            count(items.len(), *least, *most, "item", node, at, report);
            for item in items {
                value(item, of, At { name: at.name, span: item.head_span(), item: true }, report);
            }
        }
        (Value::Map { keys, of, most }, Kind::Map(entries)) => {
            count(entries.len(), 0, *most, "entry", node, at, report);
            for entry in entries {
                if let Err((code, message)) = keys.check(&entry.key) {
                    let name = Diagnostic::new(code, entry.key_span, not_such(&entry.key, *keys));
                    report.push(name.label(message));
                }
                value(&entry.value, of, At { name: Some(&entry.key), span: entry.key_span, item: false }, report);
            }
        }
        (Value::Object(object), Kind::Map(_)) => self::object(node, object, at, report),
        (Value::Either(_, list), Kind::List(_)) => value(node, list, at, report),
        (Value::Either(word, _), Kind::Text(_)) => value(node, word, at, report),
        (Value::Jwk, Kind::Map(_)) => {}
        (
            Value::Text(_)
            | Value::Choice { .. }
            | Value::Flag
            | Value::Whole { .. }
            | Value::Scalar
            | Value::List { .. }
            | Value::Map { .. }
            | Value::Object(_)
            | Value::Either(..)
            | Value::Jwk,
            _,
        ) => wrong_kind(node, expected, at, report),
    }
}

fn choice(text: &str, words: &[&'static str], later: &[&'static str], span: Span, at: At<'_>, report: &mut Report) {
    if words.contains(&text) {
        return;
    }
    if later.contains(&text) {
        let message = format!("the gates of this release cannot keep `{}: {text}` yet", at.name.unwrap_or_default());
        let label = format!("use {}", listed(words.iter().copied(), 8, "or"));
        return report.push(Diagnostic::new(Code::NotYet, span, message).label(label));
    }
    let help = report.did_you_mean(text, words.iter().copied());
    let message = format!("{} cannot be {}", at.subject(), quote(text));
    let label = format!("expected {}", listed(words.iter().copied(), 8, "or"));
    report.push(Diagnostic::new(Code::BadValue, span, message).label(label).maybe_help(help));
}

fn count(given: usize, least: usize, most: usize, what: &str, node: &Node<'_>, at: At<'_>, report: &mut Report) {
    let point = if node.entries().is_empty() && node.items().is_empty() { node.span } else { at.span };
    if given < least {
        let message = format!("{} has too few", at.subject());
        report.push(
            Diagnostic::new(Code::BadValue, point, message).label(format!("{given} here, at least {least} are wanted")),
        );
    }
    if given > most {
        let message = format!("{} has too many", at.subject());
        let plural = if what == "entry" { "entries" } else { "items" };
        report.push(
            Diagnostic::new(Code::TooMany, point, message)
                .label(format!("{given} {plural}, at most {most} are allowed")),
        );
    }
}

fn wrong_kind(node: &Node<'_>, expected: &'static Value, at: At<'_>, report: &mut Report) {
    let message = format!("{} is {}, not {}", at.subject(), node.type_name(), wanted(expected));
    let text = node.text();
    let help = match (expected, text) {
        (Value::List { .. }, Some(text)) => Some(format!("write `[{text}]`")),
        (Value::Text(_) | Value::Choice { .. }, None) if node.entries().is_empty() && node.items().is_empty() => {
            matches!(node.kind, Kind::Bool(_) | Kind::Int(_) | Kind::Float(_)).then(|| "put it in quotes".to_owned())
        }
        (Value::Flag | Value::Whole { .. }, Some(_)) => Some("without quotes".to_owned()),
        _ => None,
    };
    // Nothing has no place of its own: point at its key.
    let span = if matches!(node.kind, Kind::Null) { at.span } else { node.head_span() };
    report.push(
        Diagnostic::new(Code::WrongKind, span, message)
            .label(format!("expected {}", wanted(expected)))
            .maybe_help(help),
    );
}

fn wanted(value: &Value) -> String {
    match value {
        Value::Text(format) => format!("a text ({})", format.word()),
        Value::Choice { words, .. } => listed(words.iter().copied(), 8, "or"),
        Value::Flag => "`true` or `false`".to_owned(),
        Value::Whole { .. } => "a whole number".to_owned(),
        Value::Scalar => "a bool, a number or a text".to_owned(),
        Value::List { .. } => "a list".to_owned(),
        Value::Map { .. } | Value::Object(_) | Value::Jwk => "a mapping".to_owned(),
        Value::Either(a, b) => format!("{} or {}", wanted(a), wanted(b)),
        Value::Unread => "anything".to_owned(),
    }
}

fn object(node: &Node<'_>, object: &'static Object, at: At<'_>, report: &mut Report) {
    let Kind::Map(entries) = &node.kind else {
        if !matches!(node.kind, Kind::Broken) {
            let message = format!("a {} is a mapping, this is {}", object.noun, node.type_name());
            report.push(Diagnostic::new(Code::WrongKind, node.head_span(), message).label("expected a mapping"));
        }
        return;
    };
    for entry in entries {
        match object.key(&entry.key) {
            None => unknown(entry, object, report),
            Some(key) if key.later => {
                let message = format!("the gates of this release do not know {} yet", quote(key.name));
                report.push(Diagnostic::new(Code::NotYet, entry.key_span, message).label("leave it out"));
            }
            Some(key) if key.from == Level::Identity && asks_for_advice(&entry.value, &key.value) => {
                let message = format!("{} cannot be advisory", quote(key.name));
                report
                    .push(Diagnostic::new(Code::NotAdvisory, entry.key_span, message).label("every level enforces it"));
            }
            Some(key) => {
                let at = At { name: Some(key.name), span: entry.key_span, item: false };
                value(advised(&entry.value, key, report), &key.value, at, report);
            }
        }
    }
    for key in object.keys().filter(|key| key.need == Need::Required) {
        if !entries.iter().any(|entry| entry.key == key.name) {
            let this = match at.name.filter(|_| !at.item) {
                Some(name) => format!("{} {}", object.noun, quote(name)),
                None => format!("{} {}", object.article(), object.noun),
            };
            let message = format!("{this} has no `{}`", key.name);
            let help = format!("`{}`: {}", key.name, key.doc);
            report.push(
                Diagnostic::new(Code::MissingKey, at.span, message)
                    .label(format!("`{}` is required", key.name))
                    .help(help),
            );
        }
    }
}

fn not_such(text: &str, format: Format) -> String {
    format!("{} is not {} {}", quote(text), article(format.word()), format.word())
}

fn unknown(entry: &Entry<'_>, object: &'static Object, report: &mut Report) {
    let names = || object.keys().map(|key| key.name);
    // What is only counted need not be explained.
    let help = if report.is_full() { None } else { report.did_you_mean(&entry.key, names()) };
    let known = if report.is_full() { String::new() } else { format!("known are {}", listed(names(), 20, "and")) };
    let message = format!("{} {} has no key {}", object.article(), object.noun, quote(&entry.key));
    report.push(
        Diagnostic::new(Code::UnknownKey, entry.key_span, message).label("unknown key").help(help.unwrap_or(known)),
    );
}

/// Whether a value is written as advisory where no mapping belongs.
fn asks_for_advice(node: &Node<'_>, expected: &Value) -> bool {
    let mapping = matches!(expected, Value::Map { .. } | Value::Object(_) | Value::Jwk | Value::Unread);
    !mapping && node.get("advisory").is_some()
}

/// What stands in `{value: X, advisory: true}`, where a key may be written so; else the node itself.
fn advised<'t, 'a>(node: &'t Node<'a>, key: &Key, report: &mut Report) -> &'t Node<'a> {
    let Some(inner) = node.get("value").filter(|_| key.from > Level::Identity) else { return node };
    for entry in node.entries() {
        match (&*entry.key, &entry.value.kind) {
            ("value", _) | ("advisory", Kind::Bool(true) | Kind::Broken) => {}
            ("advisory", _) => report.push(
                Diagnostic::new(Code::BadValue, entry.value.head_span(), "`advisory` is `true` or not there")
                    .label("expected `true`"),
            ),
            _ => report.push(
                Diagnostic::new(
                    Code::UnknownKey,
                    entry.key_span,
                    format!("an advisory key has no key {}", quote(&entry.key)),
                )
                .label("unknown key")
                .help("an advisory key is `{value: X, advisory: true}`"),
            ),
        }
    }
    if node.get("advisory").is_none() {
        let message = format!("`{}` has a `value`, but no `advisory: true`", key.name);
        report.push(Diagnostic::new(Code::MissingKey, node.head_span(), message).label("`advisory: true` is missing"));
    }
    inner
}
