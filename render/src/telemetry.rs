//! The access log of what was refused or failed.

use serde_json::{Value, json};

use crate::manifest::manifest;

/// For all pods of a namespace.
pub(super) fn access_log(namespace: &str, provider: &str) -> Value {
    let logging = json!({
        "providers": [{"name": provider}],
        "match": {"mode": "SERVER"},
        "filter": {"expression": "response.code >= 400"},
    });
    manifest("telemetry.istio.io/v1", "Telemetry", "stepgate", namespace, &json!({"accessLogging": [logging]}))
}
