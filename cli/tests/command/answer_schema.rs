//! The answers of commands with `--json` against their schemas.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use jsonschema::Validator;
use serde_json::{Value, json};

/// Fails if the answer of a command has a member that its schema does not describe, or lacks one.
pub(crate) fn check(arguments: &[&str], answer: &Value) {
    let words: Vec<&str> = arguments.iter().take_while(|word| !word.starts_with('-')).take(2).copied().collect();
    let subject = match words.as_slice() {
        ["token", action] => format!("token-{action}"),
        [command, ..] => (*command).to_owned(),
        [] => panic!("{arguments:?}"),
    };
    let validator = closed_schema(&subject);
    let errors: Vec<String> =
        validator.iter_errors(answer).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{arguments:?}: not as `stepgate schema {subject}` says: {errors:#?}");
}

/// The schema of a command's answer, without members that it does not describe.
pub(crate) fn closed_schema(subject: &str) -> Arc<Validator> {
    static BUILT: Mutex<BTreeMap<String, Arc<Validator>>> = Mutex::new(BTreeMap::new());
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    let build = || {
        let output = Command::new(env!("CARGO_BIN_EXE_stepgate")).args(["schema", subject]).output().unwrap();
        let mut schema = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{subject}: {error}"));
        close(&mut schema);
        Arc::new(jsonschema::validator_for(&schema).unwrap())
    };
    Arc::clone(built.entry(subject.to_owned()).or_insert_with(build))
}

fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members.contains_key("properties") && !members.contains_key("additionalProperties") {
                // Also where an object has members by `$ref` beside its own.
                members.insert("unevaluatedProperties".into(), json!(false));
            }
            members.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
