//! The two ends of the connection.

use stepgate_config::spiffe::SpiffeId;

use crate::denial::Denial;
use crate::facts::Facts;
use crate::gate::Gate;

/// The peer and the gate's own workload, both as SPIFFE IDs of their certificates.
pub(super) fn identify(gate: &Gate, facts: &Facts) -> Result<(SpiffeId, SpiffeId), Denial> {
    let peer = facts.peer.as_deref().filter(|bytes| facts.mtls && !bytes.is_empty()).ok_or(Denial::NoPeer)?;
    let peer = SpiffeId::try_from(peer).map_err(Denial::PeerMalformed)?;
    if !gate.knows_domain(&peer) {
        return Err(Denial::PeerForeign(peer));
    }
    let own = match (&gate.config.own, &facts.own) {
        (Some(own), _) => own.clone(),
        (None, Some(bytes)) => SpiffeId::try_from(bytes.as_slice())
            .map_err(|_| Denial::Internal("the gate's own certificate has no SPIFFE ID"))?,
        (None, None) => return Err(Denial::Internal("the gate's own certificate has no URI; set `self`")),
    };
    Ok((peer, own))
}
