//! Strict mTLS: a peer without a certificate has no identity.

use serde_json::{Value, json};

use crate::manifest::manifest;

/// For all pods of a namespace; in the root namespace, of the mesh.
pub(super) fn strict(namespace: &str) -> Value {
    manifest("security.istio.io/v1", "PeerAuthentication", "default", namespace, &json!({"mtls": {"mode": "STRICT"}}))
}
