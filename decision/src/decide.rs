//! The decision on a request, whichever way it goes.

use crate::facts::Facts;
use crate::gate::{Gate, Side};
use crate::inbound::inbound;
use crate::keys::Crypto;
use crate::outbound::outbound;
use crate::replay_record::Store;
use crate::verdict::Verdict;

/// Decides one request, by the direction of the gate's listener.
///
/// `crypto` verifies and signs; `store` keeps the replay record. A gate that could not be built is `None` and denies.
pub fn decide(gate: Option<&Gate>, facts: &Facts, crypto: &dyn Crypto, store: &mut dyn Store) -> Verdict {
    match gate.map(|gate| (gate, gate.side(facts.listener))) {
        Some((gate, Ok(Side::Outbound(own)))) => outbound(gate, own, facts, crypto, store),
        Some((_, Ok(Side::Inbound) | Err(_))) | None => inbound(gate, facts, crypto, store),
    }
}
