//! The replay record of a replica, as a part of a state, and as the store that the decision asks.

use std::collections::BTreeMap;

use stepgate_decision::replay_record::{Store, Swap};
use stepgate_decision::{ProxyError, UnixTime};

/// Bytes of an entry of a bucket. The order of a bucket's entries means nothing, so a state has them sorted.
const ENTRY: usize = 28;

/// What the store of a replica holds.
///
/// All entries of a document are in one bucket. So whatever is consumed drops all entries that have ended, which is the
/// worst that a record may do: an entry that is still there only denies more.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Record(BTreeMap<String, Vec<u8>>);

/// What a decision did with the store. The decision is pure: another one on the same facts that reads the same does the
/// same.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace {
    reads: BTreeMap<String, Option<Vec<u8>>>,
    writes: BTreeMap<String, Vec<u8>>,
}

impl Trace {
    /// Whether the decision got as far as the store.
    pub fn is_empty(&self) -> bool {
        self.reads.is_empty()
    }

    /// Whether the record gives the answers that were read.
    pub fn fits(&self, record: &Record) -> bool {
        self.reads.iter().all(|(key, value)| record.0.get(key) == value.as_ref())
    }
}

impl Record {
    /// The record after the decision.
    pub fn after(&self, trace: &Trace) -> Self {
        let mut after = self.clone();
        after.0.extend(trace.writes.iter().map(|(key, value)| (key.clone(), value.clone())));
        after
    }

    /// Whether nothing was ever written.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The store of one decision.
pub struct Traced<'r> {
    record: &'r Record,
    /// Whether starts are counted. A count grows with each attempt, so without a limit it would only make states differ.
    counts_starts: bool,
    trace: Trace,
}

impl<'r> Traced<'r> {
    /// A store that holds the record.
    pub fn new(record: &'r Record, counts_starts: bool) -> Self {
        Self { record, counts_starts, trace: Trace::default() }
    }

    /// What was read and written.
    pub fn into_trace(self) -> Trace {
        self.trace
    }

    fn own(&self, key: &str) -> Option<String> {
        match key.strip_prefix("stepgate/1/taken/").and_then(|rest| rest.rsplit_once('/')) {
            Some((document, _bucket)) => Some(document.to_owned()),
            None => self.counts_starts.then(|| key.to_owned()),
        }
    }
}

impl Store for Traced<'_> {
    fn read(&mut self, key: &str) -> Result<Option<(Vec<u8>, u32)>, ProxyError> {
        let Some(key) = self.own(key) else { return Ok(None) };
        let written = self.trace.writes.get(&key).cloned();
        let value = written.or_else(|| {
            let value = self.record.0.get(&key).cloned();
            self.trace.reads.insert(key, value.clone());
            value
        });
        Ok(value.map(|value| (value, 1)))
    }

    fn swap(&mut self, key: &str, value: &[u8], _: Option<u32>) -> Result<Swap, ProxyError> {
        let is_bucket = key.starts_with("stepgate/1/taken/");
        let Some(key) = self.own(key) else { return Ok(Swap::Done) };
        let mut value = value.to_vec();
        if is_bucket {
            let mut entries: Vec<&[u8]> = value.chunks(ENTRY).collect();
            entries.sort_unstable();
            value = entries.concat();
        }
        self.trace.writes.insert(key, value);
        Ok(Swap::Done)
    }
}

/// A time of the model, by a clock that is ahead by so many units.
pub fn at(time: u8, ahead: u8) -> UnixTime {
    UnixTime::from_seconds(crate::shape::BEGIN + (u64::from(time) + u64::from(ahead)) * crate::shape::UNIT)
}
