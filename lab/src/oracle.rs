//! What the decision says of an attempt, run natively with the facts that the proxy will have: for each workload
//! a gate with a record of its own.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use stepgate_decision::keys::RustCrypto;
use stepgate_decision::replay_record::MemoryStore;
use stepgate_decision::{Facts, Verdict, inbound, request_headers};

use super::attempt::{Attempt, now};
use super::setting::Setting;

/// The native gates of all workloads.
pub(super) struct Oracle<'a> {
    setting: &'a Setting,
    records: Mutex<BTreeMap<String, MemoryStore>>,
    /// Each start draws another instance.
    drawn: AtomicU64,
}

impl<'a> Oracle<'a> {
    pub(super) fn new(setting: &'a Setting) -> Self {
        Self { setting, records: Mutex::default(), drawn: AtomicU64::new(0) }
    }

    /// The code with which the decision refuses, or nothing. What it permits it records.
    pub(super) fn code(&self, attempt: &Attempt) -> Option<String> {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        self.decide(attempt, records.entry(attempt.to.name.clone()).or_default())
    }

    /// The same of a gate that has let nothing through yet, and is not told of it.
    pub(super) fn fresh_code(&self, attempt: &Attempt) -> Option<String> {
        self.decide(attempt, &mut MemoryStore::default())
    }

    fn decide(&self, attempt: &Attempt, record: &mut MemoryStore) -> Option<String> {
        let lines = attempt.lines();
        let lines = lines.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let headers = request_headers(&attempt.method, &attempt.path, attempt.authority(), lines);
        let mut random = [1; 32];
        let drawn = self.drawn.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        random.iter_mut().zip(drawn).for_each(|(to, from)| *to = from);
        let facts = Facts::received(attempt.from.id(), attempt.to.id.as_str(), headers, now(), random);
        match inbound(self.setting.gate(&attempt.to.actor), &facts, &RustCrypto, record) {
            Verdict::Permitted(_) | Verdict::Exempt(_) => None,
            Verdict::Observed(refusal, _) | Verdict::Denied(refusal) => Some(refusal.code().to_string()),
        }
    }
}
