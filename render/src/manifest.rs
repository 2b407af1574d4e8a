//! Objects of Kubernetes as JSON.

use serde_json::{Value, json};

/// A manifest.
pub(super) fn manifest(version: &str, kind: &str, name: &str, namespace: &str, spec: &Value) -> Value {
    let metadata = json!({"name": name, "namespace": namespace});
    json!({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec})
}

/// The object with further members.
pub(super) fn with<N: Into<String>>(mut object: Value, members: impl IntoIterator<Item = (N, Value)>) -> Value {
    if let Some(object) = object.as_object_mut() {
        object.extend(members.into_iter().map(|(name, value)| (name.into(), value)));
    }
    object
}
