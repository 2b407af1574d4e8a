//! What the decision says of an attempt, run natively with the facts that the proxy will have.

use stepgate_decision::keys::RustCrypto;
use stepgate_decision::record::MemoryStore;
use stepgate_decision::{Facts, Header, Listener, Verdict, inbound};

use super::attempt::{Attempt, now};
use super::setting::{HEADER, Setting, identity};

/// The code with which the decision refuses, or nothing.
pub(super) fn denial(setting: &Setting, attempt: &Attempt) -> Option<String> {
    let host = attempt.host.as_deref().unwrap_or(attempt.to.name.as_str());
    let own = [(":method", attempt.method.as_str()), (":path", &attempt.path), (":authority", host)];
    let mut headers: Vec<Header> = own
        .into_iter()
        .chain(attempt.headers().iter().copied())
        .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
        .collect();
    if !attempt.steps.is_empty() {
        headers.push((HEADER.to_owned(), attempt.steps.join(",").into_bytes()));
    }
    let facts = Facts {
        listener: Listener::Inbound,
        mtls: true,
        peer: Some(identity(&attempt.from).as_str().as_bytes()),
        own: Some(identity(&attempt.to).as_str().as_bytes()),
        headers: &headers,
        now: now(),
        random: [1; 32],
        replica: None,
    };
    match inbound(Some(&setting.gate), &facts, &RustCrypto, &mut MemoryStore::default()) {
        Verdict::Permitted(_) | Verdict::Exempt(_) => None,
        Verdict::Observed(refusal, _) | Verdict::Refused(refusal) => Some(refusal.code().to_string()),
    }
}
