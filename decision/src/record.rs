//! The record of transitions taken: put-if-absent in a store that never frees a key.
//!
//! Envoy's shared data keeps a key for as long as the process lives, so the keys are a fixed set of
//! buckets, [`BUCKETS`] for each workflow, and the entries live in their values. Each compare-and-swap
//! drops what can no longer be presented. A live entry is never dropped: a full bucket denies.

use hmac_sha256::Hash;
use stepgate_config::name::WorkflowName;

use crate::denial::Denial;
use crate::time::UnixTime;

/// Buckets of one workflow. With [`BUCKET_ENTRIES`], the quota of a workflow: 262,144 live entries,
/// about 7.3 MB in all, of which none can take room from another workflow.
pub const BUCKETS: u16 = 4096;
/// Most live entries of one bucket.
pub const BUCKET_ENTRIES: usize = 64;
/// How often a compare-and-swap is tried when other workers write the same bucket.
pub const MAX_TRIES: usize = 32;

const ID: usize = 16;
const ENTRY: usize = ID + 8 + 4;

/// What one transition of one instance is called in the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    workflow: WorkflowName,
    id: [u8; ID],
    until: UnixTime,
    uses: u32,
}

impl Entry {
    /// The entry of a transition that leaves the arrival `parent` (at a join: the round), which can
    /// be presented until `until` and taken `uses` times.
    pub fn new(workflow: &WorkflowName, parent: &str, transition: &str, until: UnixTime, uses: u32) -> Self {
        let id = fingerprint(&["taken", workflow.as_str(), parent, transition]);
        Self { workflow: workflow.clone(), id, until, uses }
    }

    /// The key of its bucket: `stepgate/1/taken/WORKFLOW/BUCKET`.
    pub fn key(&self) -> String {
        let [high, low, ..] = self.id;
        format!("stepgate/1/taken/{}/{}", self.workflow, u16::from_be_bytes([high, low]) % BUCKETS)
    }
}

/// 16 bytes that stand for these parts and no others: each is prefixed with its length.
pub(crate) fn fingerprint(parts: &[&str]) -> [u8; ID] {
    let mut hash = Hash::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let whole = hash.finalize();
    let mut half = [0; ID];
    half.iter_mut().zip(whole).for_each(|(to, from)| *to = from);
    half
}

/// What a store answers to a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Swap {
    /// Written.
    Done,
    /// The value had changed since it was read.
    Changed,
}

/// A store with compare-and-swap that all workers of a proxy share.
pub trait Store {
    /// The value of a key, and a mark of its version; nothing where it was never written.
    ///
    /// # Errors
    /// Where the store does not answer.
    fn read(&mut self, key: &str) -> Result<Option<(Vec<u8>, u32)>, &'static str>;

    /// Writes a value over the version that was read (none: over nothing).
    ///
    /// # Errors
    /// Where the store does not answer.
    fn swap(&mut self, key: &str, value: &[u8], version: Option<u32>) -> Result<Swap, &'static str>;
}

/// Takes the entry, as the n-th use of those allowed.
///
/// # Errors
/// `ALREADY_TAKEN` where its uses are spent, `CAPACITY` where its bucket is full or too contended,
/// `INTERNAL` where the store fails or holds what no gate wrote.
pub fn take(store: &mut dyn Store, entry: &Entry, now: UnixTime) -> Result<(), Denial> {
    let key = entry.key();
    for _ in 0..MAX_TRIES {
        let (bucket, version) = match store.read(&key).map_err(Denial::Internal)? {
            Some((bucket, version)) => (bucket, Some(version)),
            None => (Vec::new(), None),
        };
        let next = with(&bucket, entry, now)?;
        match store.swap(&key, &next, version).map_err(Denial::Internal)? {
            Swap::Done => return Ok(()),
            Swap::Changed => {}
        }
    }
    Err(Denial::Capacity)
}

/// The bucket with one more use of the entry, and without what has ended.
fn with(bucket: &[u8], entry: &Entry, now: UnixTime) -> Result<Vec<u8>, Denial> {
    let (entries, rest) = bucket.as_chunks::<ENTRY>();
    // Shared data is one namespace for all plugins of a proxy.
    if !rest.is_empty() || entries.len() > BUCKET_ENTRIES {
        return Err(Denial::Internal("the record holds what no gate wrote"));
    }
    let mut next = Vec::with_capacity(bucket.len().saturating_add(ENTRY));
    let (mut live, mut used) = (0_usize, 0_u32);
    for old in entries {
        let (id, until, uses) = read(old);
        if id == entry.id {
            used = used.max(uses);
        } else if until > now {
            live = live.saturating_add(1);
            next.extend_from_slice(old);
        }
    }
    if used >= entry.uses {
        return Err(Denial::AlreadyTaken);
    }
    if live >= BUCKET_ENTRIES {
        return Err(Denial::Capacity);
    }
    next.extend_from_slice(&entry.id);
    next.extend_from_slice(&entry.until.seconds().to_be_bytes());
    next.extend_from_slice(&used.saturating_add(1).to_be_bytes());
    Ok(next)
}

fn read(entry: &[u8; ENTRY]) -> ([u8; ID], UnixTime, u32) {
    let (mut id, mut until, mut uses) = ([0; ID], [0; 8], [0; 4]);
    let mut bytes = entry.iter().copied();
    id.iter_mut().chain(&mut until).chain(&mut uses).zip(&mut bytes).for_each(|(to, from)| *to = from);
    (id, UnixTime::from_seconds(u64::from_be_bytes(until)), u32::from_be_bytes(uses))
}

/// A store in memory: for tests, and for the command.
#[derive(Debug, Default)]
pub struct MemoryStore(std::collections::BTreeMap<String, (Vec<u8>, u32)>);

impl Store for MemoryStore {
    fn read(&mut self, key: &str) -> Result<Option<(Vec<u8>, u32)>, &'static str> {
        Ok(self.0.get(key).cloned())
    }

    fn swap(&mut self, key: &str, value: &[u8], version: Option<u32>) -> Result<Swap, &'static str> {
        if self.0.get(key).map(|(_, version)| *version) != version {
            return Ok(Swap::Changed);
        }
        let next = version.unwrap_or_default().saturating_add(1);
        self.0.insert(key.to_owned(), (value.to_vec(), next));
        Ok(Swap::Done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(n: usize, uses: u32) -> Entry {
        let workflow = WorkflowName::try_from("movie").unwrap();
        let mut entry = Entry::new(&workflow, &n.to_string(), "a -> b", UnixTime::from_seconds(100), uses);
        // All in one bucket.
        entry.id[0] = 0;
        entry.id[1] = 0;
        entry
    }

    #[test]
    fn a_transition_is_taken_as_often_as_it_may_be() {
        let mut store = MemoryStore::default();
        let now = UnixTime::from_seconds(1);
        assert_eq!(take(&mut store, &entry(1, 2), now), Ok(()));
        assert_eq!(take(&mut store, &entry(1, 2), now), Ok(()));
        assert_eq!(take(&mut store, &entry(1, 2), now), Err(Denial::AlreadyTaken));
        assert_eq!(take(&mut store, &entry(2, 1), now), Ok(()));
        assert_eq!(take(&mut store, &entry(2, 1), now), Err(Denial::AlreadyTaken));
    }

    #[test]
    fn live_entries_are_never_dropped_and_dead_ones_are() {
        let mut store = MemoryStore::default();
        for n in 0..BUCKET_ENTRIES {
            assert_eq!(take(&mut store, &entry(n, 1), UnixTime::from_seconds(1)), Ok(()));
        }
        assert_eq!(take(&mut store, &entry(999, 1), UnixTime::from_seconds(99)), Err(Denial::Capacity));
        assert_eq!(take(&mut store, &entry(3, 1), UnixTime::from_seconds(99)), Err(Denial::AlreadyTaken));
        assert_eq!(take(&mut store, &entry(999, 1), UnixTime::from_seconds(100)), Ok(()));
    }

    #[test]
    fn what_no_gate_wrote_denies() {
        let mut store = MemoryStore::default();
        store.swap(&entry(1, 1).key(), b"odd", None).unwrap();
        let denial = take(&mut store, &entry(1, 1), UnixTime::from_seconds(1));
        assert!(matches!(denial, Err(Denial::Internal(_))));
    }
}
