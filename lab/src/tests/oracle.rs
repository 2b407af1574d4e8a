//! The decision, run natively with the facts that the proxy would have: for each workload a gate with its own replay
//! record.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::Actor;
use stepgate_decision::keys::RustCrypto;
use stepgate_decision::replay_record::MemoryStore;
use stepgate_decision::{Facts, Gate, UnixTime, Verdict, inbound, request_headers};

use crate::attempt::{Answer, Attempt};
use crate::circumstances::Circumstances;
use crate::fixture::Fixture;

/// The native gates of all workloads.
pub(super) struct Oracle {
    gates: BTreeMap<String, Gate>,
    records: Mutex<BTreeMap<String, MemoryStore>>,
    /// Each start draws another instance.
    drawn: AtomicU64,
    circumstances: Circumstances,
}

impl Oracle {
    pub(super) fn new(fixture: &Fixture) -> Self {
        let gate = |actor: &Arc<Actor>| {
            let setup = fixture.setup(actor)?;
            let (gate, _) = Gate::new(setup.config.clone(), &|name| setup.environment.get(name).cloned()).ok()?;
            Some((actor.name.to_string(), gate))
        };
        let gates = fixture.workflow.actors.values().filter_map(gate).collect();
        Self {
            gates,
            records: Mutex::default(),
            drawn: AtomicU64::new(0),
            circumstances: fixture.circumstances.clone(),
        }
    }

    /// Lets time pass, by the lab's clock too.
    pub(super) fn pass(&self, seconds: u64) {
        self.circumstances.pass(seconds);
    }

    /// What the decision answers. What it permits it records.
    pub(super) fn answer(&self, attempt: &Attempt) -> Answer {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        self.decide(attempt, records.entry(attempt.to.name.clone()).or_default())
    }

    /// The same of a gate that has let nothing through yet, and is not told of it.
    pub(super) fn fresh_answer(&self, attempt: &Attempt) -> Answer {
        self.decide(attempt, &mut MemoryStore::default())
    }

    fn decide(&self, attempt: &Attempt, record: &mut MemoryStore) -> Answer {
        let lines = attempt.lines();
        let lines = lines.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let headers = request_headers(&attempt.method, &attempt.target(), attempt.authority(), lines);
        let mut random = [1; 32];
        let drawn = self.drawn.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        random.iter_mut().zip(drawn).for_each(|(to, from)| *to = from);
        let (peer, now) = (attempt.from.id().map(SpiffeId::as_str), UnixTime::from_seconds(self.circumstances.now()));
        let mut facts = Facts::received(peer, attempt.to.id.as_str(), headers, now, random);
        facts.port = Some(attempt.port.unwrap_or(15006));
        match inbound(self.gates.get(attempt.to.actor.name.as_str()), &facts, &RustCrypto, record) {
            Verdict::Permitted(permit) => Answer {
                status: 200,
                step: Some(permit.step().to_owned()),
                start: permit.reply().start().map(str::to_owned),
                receipt: permit.reply().receipt().map(str::to_owned),
                reached: true,
                ..Answer::default()
            },
            Verdict::Exempt(_) => Answer { status: 200, reached: true, ..Answer::default() },
            Verdict::Observed(refusal, _) | Verdict::Denied(refusal) => {
                Answer { status: 403, code: Some(refusal.code().to_string()), ..Answer::default() }
            }
        }
    }
}
