//! Checks a tree against the tables of the language: all differences, each with its place.

use super::elsewhere;
use super::key::article;
use super::{Format, Key, Need, Object, Value};
use crate::bounds::MAX_ATTRIBUTE;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::level::Level;
use crate::report::{Report, listed, quote};
use crate::syntax::{Entry, Kind, Node};

/// The key of a value, and its place.
#[derive(Clone, Copy)]
struct At<'t> {
    name: Option<&'t str>,
    span: Span,
    /// Whether the value is an item of the list at this key.
    item: bool,
}

impl At<'_> {
    /// The subject of a message: `` `requests` ``, or another phrase where the value has no key.
    fn subject(&self) -> String {
        match self.name {
            Some(name) if self.item => words!("an item of {}", quote(name)),
            Some(name) => quote(name),
            None => "the value".to_owned(),
        }
    }
}

/// Reports all differences of `node` from `object`. Without a report, [`super::Fields`] can read all its keys.
pub(crate) fn check(node: &Node<'_>, object: &'static Object, report: &mut Report) {
    self::object(node, object, At { name: None, span: node.head_span(), item: false }, report);
}

fn value(node: &Node<'_>, expected: &'static Value, at: At<'_>, report: &mut Report) {
    match (expected, &node.kind) {
        (_, Kind::Broken) | (Value::Unread, _) => {}
        (Value::Text(format), Kind::Text(text)) => {
            if let Err(error) = format.check(text) {
                let wrong =
                    Diagnostic::new(error.code(), node.span, not_of_form(text, *format)).label(words!("{error}"));
                report.push(wrong.maybe_help(error.help(text)));
            }
        }
        (Value::Choice { words, later }, Kind::Text(text)) => choice(text, words, later, node.span, at, report),
        (Value::Flag, Kind::Bool(_)) => {}
        (Value::Whole { least, most }, Kind::Int(number)) => {
            if !(*least..=*most).contains(number) {
                let message = words!("{} is {number}, which is out of range", at.subject());
                report.add(Code::BadValue, node.span, message, words!("expected {least} to {most}"));
            }
        }
        (Value::Scalar, Kind::Bool(_) | Kind::Int(_) | Kind::Float(_)) => {}
        (Value::Scalar, Kind::Text(text)) => {
            if text.len() > MAX_ATTRIBUTE {
                let message = words!("{} has {} bytes", at.subject(), text.len());
                report.add(Code::TooMany, node.span, message, words!("at most {MAX_ATTRIBUTE} bytes are allowed"));
            }
        }
        (Value::List { of, least, most }, Kind::List(items)) => {
            count(items.len(), *least, *most, ("item", "items"), node, at, report);
            for item in items {
                value(item, of, At { name: at.name, span: item.head_span(), item: true }, report);
            }
        }
        (Value::Map { keys, of, most }, Kind::Map(entries)) => {
            count(entries.len(), 0, *most, ("entry", "entries"), node, at, report);
            for entry in entries {
                if let Err(error) = keys.check(&entry.key) {
                    report.add(error.code(), entry.key_span, not_of_form(&entry.key, *keys), words!("{error}"));
                }
                value(&entry.value, of, At { name: Some(&entry.key), span: entry.key_span, item: false }, report);
            }
        }
        (Value::Object(object), Kind::Map(_)) => self::object(node, object, at, report),
        (Value::Either(first, second), _) if fits(first, &node.kind) || fits(second, &node.kind) => {
            value(node, if fits(first, &node.kind) { first } else { second }, at, report);
        }
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

/// Whether a value of this kind may be one of the two types of [`Value::Either`].
fn fits(expected: &Value, kind: &Kind<'_>) -> bool {
    match kind {
        Kind::Text(_) => matches!(expected, Value::Text(_) | Value::Choice { .. }),
        Kind::List(_) => matches!(expected, Value::List { .. }),
        Kind::Map(_) => matches!(expected, Value::Map { .. } | Value::Object(_)),
        Kind::Null | Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) | Kind::Broken => false,
    }
}

fn choice(text: &str, words: &[&'static str], later: &[&'static str], span: Span, at: At<'_>, report: &mut Report) {
    if words.contains(&text) {
        return;
    }
    if later.contains(&text) {
        let message = words!("the gates of this release do not support `{}: {text}` yet", at.name.unwrap_or_default());
        let label = words!("use {}", listed(words.iter().copied(), 8, "or"));
        return report.add(Code::NotYet, span, message, label);
    }
    let help = report.did_you_mean(text, words.iter().copied());
    let message = words!("{} cannot be {}", at.subject(), quote(text));
    let label = words!("expected {}", listed(words.iter().copied(), 8, "or"));
    report.push(Diagnostic::new(Code::BadValue, span, message).label(label).maybe_help(help));
}

fn count(
    count: usize,
    least: usize,
    most: usize,
    noun: (&str, &str),
    node: &Node<'_>,
    at: At<'_>,
    report: &mut Report,
) {
    let span = if count == 0 { node.span } else { at.span };
    let counted = match count {
        0 => "is empty".to_owned(),
        1 => words!("has 1 {}", noun.0),
        _ => words!("has {count} {}", noun.1),
    };
    if count < least {
        let required = if least == 1 { "one is".to_owned() } else { words!("{least} are") };
        let message = words!("{} {counted}; at least {required} required", at.subject());
        report.push(Diagnostic::new(Code::BadValue, span, message));
    }
    if count > most {
        let message = words!("{} {counted}; at most {most} are allowed", at.subject());
        report.push(Diagnostic::new(Code::TooMany, span, message));
    }
}

fn wrong_kind(node: &Node<'_>, expected: &'static Value, at: At<'_>, report: &mut Report) {
    let message = words!("{} is {}, not {}", at.subject(), node.type_name(), type_of(expected));
    let text = node.text();
    let help = match (expected, text) {
        (Value::List { .. }, Some(text)) => Some(words!("write `[{text}]`")),
        (Value::Text(Format::Duration | Format::Leeway), None) if let Kind::Int(number) = node.kind => {
            Some(words!("write it with its unit, such as `{number}s`"))
        }
        (Value::Text(_) | Value::Choice { .. }, None) if node.entries().is_empty() && node.items().is_empty() => {
            matches!(node.kind, Kind::Bool(_) | Kind::Int(_) | Kind::Float(_))
                .then(|| "put the value in quotes".to_owned())
        }
        (Value::Flag | Value::Whole { .. }, Some(_)) => Some("remove the quotes".to_owned()),
        (Value::Text(_) | Value::Either(Value::Text(_), _), None) if braces(node).is_some() => braces(node),
        (Value::List { .. } | Value::Either(_, Value::List { .. }), None) if !node.entries().is_empty() => {
            Some("put it in a list: `[{…}]`, or in a line that begins with `- `".to_owned())
        }
        _ => None,
    };
    // An empty value has no place of its own: point at its key.
    let span = if matches!(node.kind, Kind::Null) { at.span } else { node.head_span() };
    let wrong = Diagnostic::new(Code::WrongKind, span, message).label(words!("expected {}", type_of(expected)));
    report.push(wrong.maybe_help(help));
}

/// `{id}` without quotes is a mapping with one key.
fn braces(node: &Node<'_>) -> Option<String> {
    match node.entries() {
        [Entry { key, value: Node { kind: Kind::Null, .. }, .. }] => {
            Some(words!("a text with `{{` and `}}` needs quotes: write `\"{{{key}}}\"`"))
        }
        _ => None,
    }
}

/// The type of a value, with its article.
fn type_of(value: &Value) -> String {
    match value {
        Value::Text(format) => words!("a string ({})", format.word()),
        Value::Choice { words, .. } => listed(words.iter().copied(), 8, "or"),
        Value::Flag => "`true` or `false`".to_owned(),
        Value::Whole { .. } => "a whole number".to_owned(),
        Value::Scalar => "a bool, a number or a string".to_owned(),
        Value::List { .. } => "a list".to_owned(),
        Value::Map { .. } | Value::Object(_) | Value::Jwk => "a mapping".to_owned(),
        Value::Either(a, b) => words!("{} or {}", type_of(a), type_of(b)),
        Value::Unread => "anything".to_owned(),
    }
}

fn object(node: &Node<'_>, object: &'static Object, at: At<'_>, report: &mut Report) {
    let Kind::Map(entries) = &node.kind else {
        if !matches!(node.kind, Kind::Broken) {
            let message = words!("{} {} is a mapping, but this is {}", object.article(), object.noun, node.type_name());
            report.add(Code::WrongKind, node.head_span(), message, "expected a mapping");
        }
        return;
    };
    for entry in entries {
        match object.key(&entry.key) {
            None => unknown(entry, object, report),
            Some(key) if key.later => {
                let message = words!("the gates of this release do not support {} yet", quote(key.name));
                report.add(Code::NotYet, entry.key_span, message, "remove it");
            }
            Some(key) if key.from == Level::Identity && is_marked_advisory(&entry.value, &key.value) => {
                let message = words!("{} cannot be advisory", quote(key.name));
                report.add(Code::NotAdvisory, entry.key_span, message, "every level enforces it");
            }
            Some(key) => {
                let at = At { name: Some(key.name), span: entry.key_span, item: false };
                value(unmarked(&entry.value, key, report), &key.value, at, report);
            }
        }
    }
    for key in object.keys().filter(|key| matches!(key.need, Need::Required | Need::RequiredWithout(_))) {
        if !entries.iter().any(|entry| entry.key == key.name) {
            let subject = match at.name.filter(|_| !at.item) {
                Some(name) => words!("{} {}", object.noun, quote(name)),
                None => words!("{} {}", object.article(), object.noun),
            };
            let message = words!("{subject} has no `{}`", key.name);
            let missing = Diagnostic::new(Code::MissingKey, at.span, message);
            let unless = match key.need {
                Need::RequiredWithout(other) => words!(", or `{other}` in the document"),
                Need::Required | Need::Optional | Need::Default(_) => String::new(),
            };
            let missing = missing.label(words!("`{}` is required{unless}", key.name));
            report.push(missing.help(words!("`{}`: {}", key.name, key.doc)));
        }
    }
}

fn not_of_form(text: &str, format: Format) -> String {
    words!("{} is not {} {}", quote(text), article(format.word()), format.word())
}

fn unknown(entry: &Entry<'_>, object: &'static Object, report: &mut Report) {
    let names = || object.keys().map(|key| key.name);
    // A diagnostic that is only counted needs no explanation.
    let help = if report.is_full() {
        None
    } else {
        report.did_you_mean(&entry.key, names()).or_else(|| elsewhere::help(&entry.key, object))
    };
    let known = if report.is_full() { String::new() } else { words!("its keys are {}", listed(names(), 20, "and")) };
    let message = words!("{} {} has no key {}", object.article(), object.noun, quote(&entry.key));
    let unknown = Diagnostic::new(Code::UnknownKey, entry.key_span, message).label("unknown key");
    report.push(unknown.help(help.unwrap_or(known)));
}

/// Whether a value that is not a mapping is written as `{value: X, advisory: true}`.
fn is_marked_advisory(node: &Node<'_>, expected: &Value) -> bool {
    let mapping = matches!(expected, Value::Map { .. } | Value::Object(_) | Value::Jwk | Value::Unread);
    !mapping && node.get("advisory").is_some()
}

/// The value in `{value: X, advisory: true}`, where a key may be written so; else the node itself.
fn unmarked<'t, 'a>(node: &'t Node<'a>, key: &Key, report: &mut Report) -> &'t Node<'a> {
    let Some(inner) = node.get("value").filter(|_| key.from > Level::Identity) else { return node };
    for entry in node.entries() {
        match (&*entry.key, &entry.value.kind) {
            ("value", _) | ("advisory", Kind::Bool(true) | Kind::Broken) => {}
            ("advisory", _) => {
                let label = "expected `true`: remove the key for a value that is enforced";
                report.add(Code::BadValue, entry.value.head_span(), "`advisory` can only be `true`", label);
            }
            _ => {
                let message = words!("an advisory value has no key {}", quote(&entry.key));
                let unknown = Diagnostic::new(Code::UnknownKey, entry.key_span, message).label("unknown key");
                report.push(unknown.help("write `{value: X, advisory: true}`"));
            }
        }
    }
    if node.get("advisory").is_none() {
        let message = words!("`{}` has a `value` but no `advisory`", key.name);
        report.add(Code::MissingKey, node.head_span(), message, "add `advisory: true`, or write the value alone");
    }
    inner
}
