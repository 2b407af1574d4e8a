//! The mesh configuration of istiod: `observe/mesh-config.yaml`, which a mesh owner merges, and the settings that only the
//! test cluster needs.

use std::fs;

use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::network::CONTROL_PLANE;
use crate::programs::repository;

/// As JSON, which is YAML.
pub(crate) fn text() -> Result<String> {
    Ok(mesh()?.to_string())
}

/// The part that proxies read when they start: injection writes it into their environment.
pub(crate) fn of_proxies() -> Result<Value> {
    let of_proxies = mesh()?.get("defaultConfig").cloned();
    of_proxies.ok_or_else(|| Error::new("there is no `defaultConfig`"))
}

fn mesh() -> Result<Value> {
    let given = fs::read(repository().join("observe/mesh-config.yaml"))?;
    let given = stepgate_config::to_json(&given).map_err(|_| Error::new("observe/mesh-config.yaml is not YAML"))?;
    let mut mesh = given.get("meshConfig").cloned().ok_or_else(|| Error::new("there is no `meshConfig`"))?;
    merge(&mut mesh, &own());
    Ok(mesh)
}

fn own() -> Value {
    json!({
        "trustDomain": "cluster.local",
        "rootNamespace": "istio-system",
        "enableTracing": false,
        // By default Istio sends a request that failed twice more, which the doctor finds.
        "defaultHttpRetryPolicy": {"attempts": 0},
        "defaultConfig": {"discoveryAddress": format!("{CONTROL_PLANE}:15012")},
    })
}

/// Sets the values of `own`, and keeps the others.
pub(crate) fn merge(into: &mut Value, own: &Value) {
    match (into, own) {
        (Value::Object(into), Value::Object(own)) => {
            own.iter().for_each(|(name, value)| merge(into.entry(name).or_insert(Value::Null), value));
        }
        (into, own) => *into = own.clone(),
    }
}
