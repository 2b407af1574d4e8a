//! Where a key belongs that is not a key of its object.

use super::{DOCUMENT, GATE, Key, Object, Value};
use crate::PEOPLE;
use crate::report::quote;

/// Says which other objects of the language have the key, or how a request text is written that YAML took for a key.
pub(super) fn help(name: &str, object: &'static Object) -> Option<String> {
    if !PEOPLE {
        return None;
    }
    if name.contains('/') {
        let text = if name.contains('{') { words!("\"{name}\"") } else { name.to_owned() };
        return Some(words!(
            "a request text has no `:` behind it: write {} alone, and further keys in the long form, such as \
             `{{methods: [POST], path: …, port: 8080}}`",
            quote(&text)
        ));
    }
    let mut all = Vec::new();
    [&DOCUMENT, &GATE].into_iter().for_each(|root| add(root, &mut all));
    let owner = all.into_iter().find(|other| !std::ptr::eq(*other, object) && other.key(name).is_some())?;
    Some(if std::ptr::eq(owner, &GATE) {
        words!("`{name}` is a key of a gate's configuration, beside its `workflows`")
    } else if owner.noun == DOCUMENT.noun {
        if DOCUMENT.key(name).is_some() {
            words!("`{name}` is a key of the workflow document itself")
        } else {
            words!(
                "`{name}` is not a part of the document: it is written beside it, under `workflows` of a gate's configuration"
            )
        }
    } else {
        words!("`{name}` is a key of {} {}", owner.article(), owner.noun)
    })
}

/// Adds an object and those within it, each once.
fn add(object: &'static Object, all: &mut Vec<&'static Object>) {
    if all.iter().any(|known| std::ptr::eq(*known, object)) {
        return;
    }
    all.push(object);
    object.keys().for_each(|key: &Key| within(&key.value, all));
}

fn within(value: &'static Value, all: &mut Vec<&'static Object>) {
    match value {
        Value::Object(object) => add(object, all),
        Value::List { of, .. } | Value::Map { of, .. } => within(of, all),
        Value::Either(first, second) => [first, second].into_iter().for_each(|value| within(value, all)),
        Value::Text(_)
        | Value::Choice { .. }
        | Value::Flag
        | Value::Whole { .. }
        | Value::Scalar
        | Value::Jwk
        | Value::Unread => {}
    }
}
