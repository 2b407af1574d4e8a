//! The two ends of the connection.

use stepgate_config::spiffe::SpiffeId;

use crate::denial::Denial;
use crate::facts::Facts;
use crate::gate::Gate;

/// The workload behind the gate, where the configuration or the certificate names it.
pub(super) fn own(gate: &Gate, facts: &Facts) -> Option<SpiffeId> {
    gate.config.own.clone().or_else(|| SpiffeId::try_from(facts.own.as_deref()?).ok())
}

/// The peer, as the SPIFFE ID of its certificate, and the workload behind the gate, which must be known.
pub(super) fn identify<'o>(
    gate: &Gate,
    facts: &Facts,
    own: Option<&'o SpiffeId>,
) -> Result<(SpiffeId, &'o SpiffeId), Denial> {
    let peer = facts.peer.as_deref().filter(|bytes| facts.mtls && !bytes.is_empty()).ok_or(Denial::NoPeer)?;
    let peer = SpiffeId::try_from(peer).map_err(Denial::PeerMalformed)?;
    if !gate.knows_domain(&peer) && !gate.knows_alias(&peer) {
        return Err(Denial::PeerForeign(peer));
    }
    let own = own.ok_or(match &facts.own {
        Some(_) => Denial::Internal("the gate's own certificate has no SPIFFE ID"),
        None => Denial::Internal("the gate's own certificate has no URI; set `self`"),
    })?;
    Ok((peer, own))
}
