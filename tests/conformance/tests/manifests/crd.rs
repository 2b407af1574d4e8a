//! A CustomResourceDefinition's schema, validated as strictly as by the API server with `fieldValidation=Strict`:
//! an unknown field is an error. Rules in CEL are not evaluated; only a real API server does that.

use std::collections::BTreeMap;

use serde_json::Value;

/// The schemas of one release, by API version and kind.
pub(crate) struct Schemas(BTreeMap<(String, String), Value>);

impl Schemas {
    /// Reads a stream of CustomResourceDefinitions.
    pub(crate) fn of(text: &str, kinds: &[&str]) -> Self {
        let mut all = BTreeMap::new();
        let wanted = |document: &&str| kinds.iter().any(|kind| document.contains(&format!("\n    kind: {kind}\n")));
        for document in text.split("\n---\n").filter(wanted) {
            let read = stepgate_config::to_json(document.as_bytes());
            let definition =
                read.unwrap_or_else(|errors| panic!("{}: {}", document.lines().nth(20).unwrap_or(""), errors[0]));
            let group = definition["spec"]["group"].as_str().unwrap();
            let kind = definition["spec"]["names"]["kind"].as_str().unwrap();
            for version in definition["spec"]["versions"].as_array().unwrap() {
                assert_eq!(version["served"], true);
                let api = format!("{group}/{}", version["name"].as_str().unwrap());
                all.insert((api, kind.to_owned()), version["schema"]["openAPIV3Schema"].clone());
            }
        }
        Self(all)
    }

    pub(crate) fn knows(&self, kind: &str) -> bool {
        self.0.keys().any(|(_, known)| known == kind)
    }

    /// All errors of an object.
    pub(crate) fn faults(&self, object: &Value) -> Vec<String> {
        let text = |field: &str| object[field].as_str().unwrap_or_default().to_owned();
        let Some(schema) = self.0.get(&(text("apiVersion"), text("kind"))) else {
            return vec![format!("{} {} is unknown", text("apiVersion"), text("kind"))];
        };
        let mut faults = Vec::new();
        let mut object = object.clone();
        // Every object has these, and no schema.
        for field in ["apiVersion", "kind", "metadata"] {
            object.as_object_mut().unwrap().remove(field);
        }
        check(&object, schema, "", &mut faults);
        faults
    }
}

fn check(value: &Value, schema: &Value, at: &str, faults: &mut Vec<String>) {
    let typed = match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some(other) => panic!("{at}: a type {other}"),
        None => true,
    };
    if !typed {
        faults.push(format!("{at}: {value} is not of type {}", schema["type"]));
    }
    if schema["enum"].as_array().is_some_and(|all| !all.contains(value)) {
        faults.push(format!("{at}: {value} is not one of {}", schema["enum"]));
    }
    for (bound, size) in [
        ("Length", value.as_str().map(|text| text.chars().count())),
        ("Items", value.as_array().map(Vec::len)),
        ("Properties", value.as_object().map(serde_json::Map::len)),
    ] {
        let bound = |which: &str| schema[format!("{which}{bound}")].as_u64();
        let Some(size) = size.map(|size| size as u64) else { continue };
        if bound("max").is_some_and(|max| size > max) || bound("min").is_some_and(|min| size < min) {
            faults.push(format!("{at}: {size} is out of bounds"));
        }
    }
    for (which, beyond) in [("minimum", -1.0), ("maximum", 1.0)] {
        if let (Some(bound), Some(number)) = (schema[which].as_f64(), value.as_f64())
            && (number - bound) * beyond > 0.0
        {
            faults.push(format!("{at}: {number} is beyond {bound}"));
        }
    }
    if let (Some(pattern), Some(text)) = (schema["pattern"].as_str(), value.as_str())
        && !regex_lite::Regex::new(pattern).unwrap().is_match(text)
    {
        faults.push(format!("{at}: {text} does not match {pattern}"));
    }
    combined(value, schema, at, faults);
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| field(key, value, schema, at, faults)),
        Value::Array(items) => items.iter().for_each(|item| check(item, &schema["items"], &format!("{at}[]"), faults)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    for required in schema["required"].as_array().into_iter().flatten() {
        if value.get(required.as_str().unwrap()).is_none() {
            faults.push(format!("{at}: {required} is missing"));
        }
    }
}

fn field(key: &str, value: &Value, schema: &Value, at: &str, faults: &mut Vec<String>) {
    let at = format!("{at}.{key}");
    let additional = &schema["additionalProperties"];
    match schema["properties"].get(key) {
        Some(schema) => check(value, schema, &at, faults),
        None if schema["x-kubernetes-preserve-unknown-fields"] == true || additional == true => {}
        None if additional.is_object() => check(value, additional, &at, faults),
        None => faults.push(format!("{at} is unknown")),
    }
}

/// Within these, a structural schema names no new fields: only `required` matters.
fn combined(value: &Value, schema: &Value, at: &str, faults: &mut Vec<String>) {
    let holds = |schema: &Value| {
        let mut inner = Vec::new();
        narrow(value, schema, &mut inner);
        inner.is_empty()
    };
    let count = |which: &str| schema[which].as_array().map(|all| all.iter().filter(|one| holds(one)).count());
    let wrong = count("anyOf").is_some_and(|n| n == 0)
        || count("oneOf").is_some_and(|n| n != 1)
        || schema.get("not").is_some_and(holds);
    if wrong {
        faults.push(format!("{at}: anyOf, oneOf or not is not fulfilled"));
    }
}

fn narrow(value: &Value, schema: &Value, faults: &mut Vec<String>) {
    for required in schema["required"].as_array().into_iter().flatten() {
        if value.get(required.as_str().unwrap()).is_none() {
            faults.push(String::new());
        }
    }
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(value) = value.get(name) {
            narrow(value, schema, faults);
        }
    }
    combined(value, schema, "", faults);
}
