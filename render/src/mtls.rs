//! Strict mTLS: a peer without a certificate has no identity.

use serde_json::{Value, json};

/// For all pods of a namespace; in the root namespace, of the mesh.
pub(super) fn strict(namespace: &str) -> Value {
    json!({
        "apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication",
        "metadata": {"name": "default", "namespace": namespace},
        "spec": {"mtls": {"mode": "STRICT"}},
    })
}
