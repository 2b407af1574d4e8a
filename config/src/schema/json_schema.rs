//! The JSON Schema (draft 2020-12) of the language, for editors.
//!
//! It is derived from the tables, and so describes the form only: an input that it accepts may still have errors.

use serde_json::{Map, Value as Json, json};

use super::{Key, Language, Need, Object, Value};
use crate::level::Level;

/// The JSON Schema of documents or of gates' configurations.
pub fn json_schema(language: Language) -> Json {
    let mut definitions = Map::new();
    let mut schema = object(language.root(), &mut definitions);
    let (id, title) = match language {
        Language::Workflow => ("urn:stepgate:schema:workflow", "A workflow of Stepgate"),
        Language::Gate => ("urn:stepgate:schema:gate", "The configuration of a gate of Stepgate"),
    };
    schema.insert("$schema".into(), "https://json-schema.org/draft/2020-12/schema".into());
    schema.insert("$id".into(), id.into());
    schema.insert("title".into(), title.into());
    schema.insert("$defs".into(), definitions.into());
    schema.into()
}

fn object(object: &'static Object, definitions: &mut Map<String, Json>) -> Map<String, Json> {
    let keys = || object.keys().filter(|key| !key.later);
    let properties: Map<String, Json> = keys().map(|key| (key.name.to_owned(), property(key, definitions))).collect();
    let required: Vec<&str> = keys().filter(|key| key.need == Need::Required).map(|key| key.name).collect();
    let mut schema = Map::new();
    schema.insert("description".into(), object.doc.into());
    schema.insert("type".into(), "object".into());
    schema.insert("properties".into(), properties.into());
    if !required.is_empty() {
        schema.insert("required".into(), required.into());
    }
    schema.insert("additionalProperties".into(), false.into());
    schema
}

fn property(key: &'static Key, definitions: &mut Map<String, Json>) -> Json {
    let mut schema = value(&key.value, definitions);
    if key.from > Level::Identity && key.name != "constraints" {
        let advisory = json!({
            "type": "object",
            "properties": {"value": schema.clone(), "advisory": {"const": true}},
            "required": ["value", "advisory"],
            "additionalProperties": false,
        });
        schema = json!({"anyOf": [schema, advisory]});
    }
    if let Json::Object(schema) = &mut schema {
        schema.insert("description".into(), key.doc.into());
        if let Need::Default(text) = key.need {
            let literal = matches!(key.value, Value::Flag | Value::Whole { .. });
            let parsed = literal.then(|| serde_json::from_str(text).ok()).flatten();
            schema.insert("default".into(), parsed.unwrap_or_else(|| text.into()));
        }
    }
    schema
}

fn value(value: &'static Value, definitions: &mut Map<String, Json>) -> Json {
    match value {
        Value::Text(format) => text(*format),
        Value::Choice { words, .. } => json!({"enum": words}),
        Value::Flag => json!({"type": "boolean"}),
        Value::Whole { least, most } => json!({"type": "integer", "minimum": least, "maximum": most}),
        Value::Scalar => json!({"type": ["boolean", "number", "string"]}),
        Value::List { of, least, most } => {
            let mut schema = json!({"type": "array", "items": self::value(of, definitions), "maxItems": most});
            if let (Json::Object(schema), true) = (&mut schema, *least > 0) {
                schema.insert("minItems".into(), (*least).into());
            }
            schema
        }
        Value::Map { keys, of, most } => json!({
            "type": "object",
            "propertyNames": text(*keys),
            "additionalProperties": self::value(of, definitions),
            "maxProperties": most,
        }),
        Value::Object(of) => {
            if !definitions.contains_key(of.noun) {
                // Inserted first, so that the recursion ends for an object that contains itself.
                definitions.insert(of.noun.into(), Json::Null);
                let schema = object(of, definitions);
                definitions.insert(of.noun.into(), schema.into());
            }
            json!({"$ref": format!("#/$defs/{}", of.noun)})
        }
        Value::Either(a, b) => json!({"anyOf": [self::value(a, definitions), self::value(b, definitions)]}),
        Value::Jwk => json!({"type": "object", "required": ["kty"]}),
        Value::Unread => json!({}),
    }
}

fn text(format: super::Format) -> Json {
    match format.pattern() {
        Some(pattern) => json!({"type": "string", "pattern": pattern}),
        None => json!({"type": "string"}),
    }
}
