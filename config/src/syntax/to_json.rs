//! A tree as JSON. The recursion is bounded by [`super::MAX_DEPTH`].

use serde_json::Value;

use super::{Kind, Node};

/// The value as JSON.
pub(crate) fn to_json(node: &Node<'_>) -> Value {
    match &node.kind {
        Kind::Null | Kind::Broken => Value::Null,
        Kind::Bool(value) => Value::from(*value),
        Kind::Int(value) => Value::from(*value),
        Kind::Float(value) => Value::from(*value),
        Kind::Text(value) => Value::from(&**value),
        Kind::List(items) => items.iter().map(to_json).collect(),
        Kind::Map(entries) => {
            let mut object = serde_json::Map::new();
            for entry in entries {
                object.insert(entry.key.clone().into_owned(), to_json(&entry.value));
            }
            Value::Object(object)
        }
    }
}

/// The approximate size of the value as JSON without spaces, in bytes: escapes are not counted.
pub(crate) fn json_len(node: &Node<'_>) -> usize {
    let quoted = |text: &str| text.len().saturating_add(2);
    match &node.kind {
        Kind::Null | Kind::Broken | Kind::Bool(_) => 5,
        Kind::Int(_) | Kind::Float(_) => {
            usize::try_from(node.span.end.saturating_sub(node.span.start)).unwrap_or_default()
        }
        Kind::Text(value) => quoted(value),
        Kind::List(items) => items.iter().fold(2, |sum, item| sum.saturating_add(json_len(item)).saturating_add(1)),
        Kind::Map(entries) => entries.iter().fold(2, |sum: usize, entry| {
            let pair = quoted(&entry.key).saturating_add(json_len(&entry.value)).saturating_add(2);
            sum.saturating_add(pair)
        }),
    }
}
