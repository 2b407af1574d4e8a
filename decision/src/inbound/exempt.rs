//! Requests that belong to no workflow.

use stepgate_config::gate::{ExemptPeers, Exemption};
use stepgate_config::spiffe::SpiffeId;

use crate::gate::Gate;
use crate::request::Request;

/// Whether anyone may send this, also without mTLS.
pub(super) fn for_anyone(gate: &Gate, request: &Request<'_>) -> bool {
    any(gate, request, |peers| *peers == ExemptPeers::Anyone)
}

/// Whether this peer may send this.
pub(super) fn for_peer(gate: &Gate, request: &Request<'_>, peer: &SpiffeId) -> bool {
    any(gate, request, |peers| match peers {
        ExemptPeers::Anyone | ExemptPeers::Mesh => true,
        ExemptPeers::These(ids) => ids.contains(peer),
    })
}

fn any(gate: &Gate, request: &Request<'_>, peers: impl Fn(&ExemptPeers) -> bool) -> bool {
    let is = |exemption: &Exemption| peers(&exemption.peers) && request.is(&exemption.request);
    // An upgrade would turn a health check into a tunnel.
    gate.config.exempt.iter().any(is) && matches!(request.upgrade(), Ok(None))
}
