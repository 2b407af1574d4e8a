//! Mutual TLS: the server's and the client's side.

use std::path::Path;

use serde_json::{Value, json};

use super::member::Member;
use super::parts::typed;
use crate::spec::ClientCertificate;

/// Accepts any certificate of our CA: the gate judges whose it is.
pub(super) fn server(member: &Member, authority: &Path, client: ClientCertificate) -> Value {
    let context = json!({
        "require_client_certificate": client == ClientCertificate::Required,
        "common_tls_context": {
            "alpn_protocols": ["h2", "http/1.1"],
            "tls_certificates": [own(member)],
            "validation_context": {"trusted_ca": {"filename": authority}},
        },
    });
    socket("DownstreamTlsContext", context)
}

/// The server must be the workload that was called.
pub(super) fn client(member: &Member, to: &Member, authority: &Path) -> Value {
    let context = json!({
        "sni": to.workload.name,
        "common_tls_context": {
            "tls_certificates": [own(member)],
            "validation_context": {
                "trusted_ca": {"filename": authority},
                "match_typed_subject_alt_names": [
                    {"san_type": "URI", "matcher": {"exact": to.workload.identity}},
                ],
            },
        },
    });
    socket("UpstreamTlsContext", context)
}

/// Looks at the first bytes of a connection before the handshake, as in an Istio sidecar.
pub(super) fn inspector() -> Value {
    let ty = "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector";
    json!({"name": "envoy.filters.listener.tls_inspector", "typed_config": typed(ty, json!({}))})
}

fn own(member: &Member) -> Value {
    json!({
        "certificate_chain": {"filename": member.certificate},
        "private_key": {"filename": member.key},
    })
}

fn socket(context: &str, config: Value) -> Value {
    let ty = format!("envoy.extensions.transport_sockets.tls.v3.{context}");
    json!({"name": "envoy.transport_sockets.tls", "typed_config": typed(&ty, config)})
}
