//! The access log of what was refused or failed.

use serde_json::{Value, json};

/// For all pods of a namespace.
pub(super) fn access_log(namespace: &str, provider: &str) -> Value {
    json!({
        "apiVersion": "telemetry.istio.io/v1", "kind": "Telemetry",
        "metadata": {"name": "stepgate", "namespace": namespace},
        "spec": {"accessLogging": [{
            "providers": [{"name": provider}],
            "match": {"mode": "SERVER"},
            "filter": {"expression": "response.code >= 400"},
        }]},
    })
}
