//! Manifests as YAML in block style, with keys in one order. Scalars that YAML 1.1 and 1.2 read differently are quoted.

use std::collections::BTreeMap;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::Value;
use serde_saphyr::{DoubleQuoted, SerializerOptions, SingleQuoted};

use crate::error::RenderError;

/// Keys that come first, in this order; all others follow in the order of their names.
const FIRST: &str = "\
    apiVersion kind metadata name namespace workflow revision trust_domain assurance from to actor actors tasks \
    transitions target op path mode";

/// Objects as a stream of documents.
pub(super) fn stream(objects: &[Value]) -> Result<String, RenderError> {
    Ok(objects.iter().map(text).collect::<Result<Vec<_>, _>>()?.join("---\n"))
}

/// One object.
pub(super) fn text(value: &Value) -> Result<String, RenderError> {
    // A text is never folded over several lines: JSON within YAML stays one line.
    let mut options = SerializerOptions::default();
    options.compact_list_indent = false;
    options.min_fold_chars = usize::MAX;
    options.folded_wrap_chars = usize::MAX;
    serde_saphyr::to_string_with_options(&Ordered(value), options).map_err(|error| RenderError::Yaml(error.to_string()))
}

/// A value whose mappings are written in the order of [`FIRST`].
struct Ordered<'v>(&'v Value);

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(map) => {
                let rank = |key: &str| FIRST.split(' ').position(|first| first == key).unwrap_or(usize::MAX);
                let sorted: BTreeMap<_, _> = map.iter().map(|(key, value)| ((rank(key), key), value)).collect();
                let mut mapping = serializer.serialize_map(Some(map.len()))?;
                for ((_, key), value) in sorted {
                    mapping.serialize_entry(key, &Ordered(value))?;
                }
                mapping.end()
            }
            Value::Array(items) => {
                let mut sequence = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    sequence.serialize_element(&Ordered(item))?;
                }
                sequence.end()
            }
            // JSON within YAML stays readable.
            Value::String(text) if text.contains('"') && text.chars().all(is_single_quotable) => {
                SingleQuoted(text).serialize(serializer)
            }
            // The reader refuses what only looks like a number, such as a random `-0xj`. No key is random.
            Value::String(text) if stepgate_config::is_ambiguous(text) => DoubleQuoted(text).serialize(serializer),
            scalar @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
                scalar.serialize(serializer)
            }
        }
    }
}

/// Printable ASCII that needs no escape in single quotes.
fn is_single_quotable(c: char) -> bool {
    (' '..='~').contains(&c) && c != '\'' && c != '\\'
}

#[cfg(test)]
mod tests;
