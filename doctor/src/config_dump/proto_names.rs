//! The names of Protobuf's fields, which istiod and Envoy write differently.

use serde_json::Value;

/// A dump of istiod in the form of Envoy's. istiod writes the JSON names of Protobuf's fields (`dynamicListeners`), Envoy
/// their original names (`dynamic_listeners`); Protobuf accepts both. Values stay as they are, and so do keys that are
/// not names of fields, such as variables of an environment.
pub(crate) fn with_proto_names(dump: Value) -> Value {
    match dump {
        Value::Array(items) => items.into_iter().map(with_proto_names).collect(),
        Value::Object(members) => {
            Value::Object(members.into_iter().map(|(key, value)| (snake(&key), with_proto_names(value))).collect())
        }
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => plain,
    }
}

fn snake(key: &str) -> String {
    if !key.starts_with(|c: char| c.is_ascii_lowercase()) || !key.chars().all(|c| c.is_ascii_alphanumeric()) {
        return key.to_owned();
    }
    let mut name = String::with_capacity(key.len());
    for c in key.chars() {
        if c.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(c.to_ascii_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_names_of_fields_change() {
        let written = json!({"dynamicListeners": [{"hostEnvKeys": ["aB"], "@type": "x/aB", "A_KEY": 1, "a.bC": "cD"}]});
        let read = json!({"dynamic_listeners": [{"host_env_keys": ["aB"], "@type": "x/aB", "A_KEY": 1, "a.bC": "cD"}]});
        assert_eq!(with_proto_names(written), read);
    }
}
