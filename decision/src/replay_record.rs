//! The replay record: put-if-absent of consumed transitions in a store that never frees a key.
//!
//! Envoy's shared data keeps a key for as long as the process lives, so the keys are a fixed set of
//! buckets, [`BUCKETS`] for each document, and the entries live in their values. Each compare-and-swap
//! drops entries that can no longer be presented. A live entry is never dropped: a full bucket denies. An entry whose
//! uses were all given back is not live.
//!
//! A document is its digest, not its name: all gates of a proxy share the store, and two owners may use one name
//! for their workflows. Two gates of one document share its record, as they must: a transition that
//! was consumed at one port is consumed at the other.

use stepgate_config::workflow::Workflow;

use crate::denial::{Denial, ProxyError};
use crate::fingerprint::{FINGERPRINT, fingerprint};
use crate::time::UnixTime;

/// Buckets of one document. With [`BUCKET_ENTRIES`], the quota of a document: 262,144 live entries,
/// about 7.3 MB in all, of which none can take room from another document.
pub const BUCKETS: u16 = 4096;
/// Most live entries of one bucket.
pub const BUCKET_ENTRIES: usize = 64;
/// How often a compare-and-swap is tried when other workers write the same bucket. Each one that fails means that
/// another worker's was done, and after 64 of those a bucket is full. So contention alone denies a request only
/// where many uses of one transition are consumed at the same moment.
pub const MAX_TRIES: usize = 2 * BUCKET_ENTRIES;

const ENTRY: usize = FINGERPRINT + 8 + 4;
/// Bytes of an ID that all ways of a choice have in common; the rest is the number of the way.
const CHOICE: usize = FINGERPRINT - 4;

/// One transition of one instance, in the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// `WORKFLOW/DIGEST`.
    document: String,
    id: [u8; FINGERPRINT],
    until: UnixTime,
    uses: u32,
    /// Whether it is one way of a choice: entries with the same first [`CHOICE`] bytes exclude each other.
    choice: bool,
}

impl Entry {
    /// The entry of a transition that leaves the arrival `parent` (at a join: the round), which can
    /// be presented until `until` and consumed `uses` times.
    pub fn new(workflow: &Workflow, parent: &str, transition: &str, until: UnixTime, uses: u32) -> Self {
        let (name, digest) = (workflow.name.as_str(), workflow.digest.as_str());
        let id = fingerprint(&["taken", name, digest, parent, transition]);
        Self { document: format!("{name}/{digest}"), id, until, uses, choice: false }
    }

    /// The entry of one way of a choice, by its number among the transitions that leave the same task. All of them are in one
    /// bucket, so that one compare-and-swap sees them.
    pub(crate) fn of_choice(workflow: &Workflow, (parent, way): (&str, u32), until: UnixTime, uses: u32) -> Self {
        let mut entry = Self { choice: true, ..Self::new(workflow, parent, "one of all", until, uses) };
        let (_, number) = entry.id.split_at_mut(CHOICE);
        number.copy_from_slice(&way.to_be_bytes());
        entry
    }

    /// Whether the other is another way of the same choice.
    fn excludes(&self, other: &[u8]) -> bool {
        self.choice && other.starts_with(self.id.split_at(CHOICE).0) && other != self.id
    }

    /// The key of its bucket: `stepgate/1/taken/WORKFLOW/DIGEST/BUCKET`.
    pub fn key(&self) -> String {
        let [high, low, ..] = self.id;
        format!("stepgate/1/taken/{}/{}", self.document, u16::from_be_bytes([high, low]) % BUCKETS)
    }
}

/// The store's answer to a write.
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
    fn read(&mut self, key: &str) -> Result<Option<(Vec<u8>, u32)>, ProxyError>;

    /// Writes a value over the version that was read (none: over nothing).
    ///
    /// # Errors
    /// Where the store does not answer.
    fn swap(&mut self, key: &str, value: &[u8], version: Option<u32>) -> Result<Swap, ProxyError>;
}

/// Consumes one use of the entry.
///
/// # Errors
/// `ALREADY_TAKEN` where no use is left, `SPLIT_TAKEN` where another way of the choice was taken, `CAPACITY` where its bucket is full or too contended,
/// `INTERNAL` where the store fails or holds a value that no gate wrote.
pub fn consume(store: &mut dyn Store, entry: &Entry, now: UnixTime) -> Result<(), Denial> {
    update(store, &entry.key(), |bucket| with(bucket, entry, now))
}

/// Gives back one use that [`consume`] took, for a request that reached nobody. The caller does this at most once for
/// each use, so the count stays that of the uses that others hold.
///
/// From the entry's end on it gives back nothing: the entry may have been dropped, and one that is there now may be
/// that of a later token of the same name.
///
/// # Errors
/// `CAPACITY` where the bucket is too contended, `INTERNAL` where the store fails or holds a value that no gate wrote:
/// the use then stays consumed.
pub fn give_back(store: &mut dyn Store, entry: &Entry, now: UnixTime) -> Result<(), Denial> {
    if now >= entry.until {
        return Err(Denial::Internal("the record's entry has ended"));
    }
    update(store, &entry.key(), |bucket| without(bucket, entry))
}

/// Writes a value anew, as often as other workers write it at the same time. An absent value is empty.
pub(crate) fn update(
    store: &mut dyn Store,
    key: &str,
    change: impl Fn(&[u8]) -> Result<Vec<u8>, Denial>,
) -> Result<(), Denial> {
    for _ in 0..MAX_TRIES {
        let (value, version) = match store.read(key)? {
            // A bucket is written with its entry, so none is empty.
            Some((value, _)) if value.is_empty() => return Err(Denial::Internal("the record has an empty value")),
            Some((value, version)) => (value, Some(version)),
            None => (Vec::new(), None),
        };
        match store.swap(key, &change(&value)?, version)? {
            Swap::Done => return Ok(()),
            Swap::Changed => {}
        }
    }
    Err(Denial::Capacity)
}

/// The entries of a bucket.
fn entries(bucket: &[u8]) -> Result<&[[u8; ENTRY]], Denial> {
    let (entries, rest) = bucket.as_chunks::<ENTRY>();
    // Shared data is one namespace for all plugins of a proxy.
    if !rest.is_empty() || entries.len() > BUCKET_ENTRIES {
        return Err(Denial::Internal("the record holds a value that no gate wrote"));
    }
    Ok(entries)
}

/// The bucket with one more use of the entry, and without entries that have ended.
fn with(bucket: &[u8], entry: &Entry, now: UnixTime) -> Result<Vec<u8>, Denial> {
    let mut next = Vec::with_capacity(bucket.len().saturating_add(ENTRY));
    let (mut live, mut used, mut last) = (0_usize, 0_u32, entry.until);
    for old in entries(bucket)? {
        let (id, until, uses) = read(old);
        if id == entry.id {
            used = used.max(uses);
            // A later token of the same name was here first: the entry stays as long as that one could come.
            last = last.max(until);
        } else if until > now && uses > 0 {
            if entry.excludes(id) {
                return Err(Denial::SplitTaken);
            }
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
    write(&mut next, entry, last, used.saturating_add(1));
    Ok(next)
}

/// The bucket with one use of the entry fewer. The entry stays, with no use left if this was the only one, until the
/// next transition is consumed in its bucket: an empty value would look as if another plugin had erased the bucket.
fn without(bucket: &[u8], entry: &Entry) -> Result<Vec<u8>, Denial> {
    let mut next = Vec::with_capacity(bucket.len());
    let mut found = false;
    for old in entries(bucket)? {
        let (id, until, uses) = read(old);
        if id == entry.id && uses > 0 {
            found = true;
            write(&mut next, entry, until, uses.saturating_sub(1));
        } else {
            next.extend_from_slice(old);
        }
    }
    if found { Ok(next) } else { Err(Denial::Internal("the record has lost an entry")) }
}

fn write(bucket: &mut Vec<u8>, entry: &Entry, until: UnixTime, uses: u32) {
    bucket.extend_from_slice(&entry.id);
    bucket.extend_from_slice(&until.seconds().to_be_bytes());
    bucket.extend_from_slice(&uses.to_be_bytes());
}

/// The ID, the end and the count of an entry.
fn read(entry: &[u8; ENTRY]) -> (&[u8], UnixTime, u32) {
    let (id, rest) = entry.split_at(FINGERPRINT);
    let (until, uses) = rest.split_at(8);
    (id, UnixTime::from_seconds(number(until)), u32::try_from(number(uses)).unwrap_or(u32::MAX))
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

/// A store in memory: for tests, and for the command.
#[derive(Debug, Default)]
pub struct MemoryStore(std::collections::BTreeMap<String, (Vec<u8>, u32)>);

impl Store for MemoryStore {
    fn read(&mut self, key: &str) -> Result<Option<(Vec<u8>, u32)>, ProxyError> {
        Ok(self.0.get(key).cloned())
    }

    fn swap(&mut self, key: &str, value: &[u8], version: Option<u32>) -> Result<Swap, ProxyError> {
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
        let mut id = fingerprint(&[&n.to_string()]);
        // All in one bucket.
        id[0] = 0;
        id[1] = 0;
        Entry { document: "movie/digest".to_owned(), id, until: UnixTime::from_seconds(100), uses, choice: false }
    }

    #[test]
    fn a_transition_is_consumed_as_often_as_it_may_be() {
        let mut store = MemoryStore::default();
        let now = UnixTime::from_seconds(1);
        assert_eq!(consume(&mut store, &entry(1, 2), now), Ok(()));
        assert_eq!(consume(&mut store, &entry(1, 2), now), Ok(()));
        assert_eq!(consume(&mut store, &entry(1, 2), now), Err(Denial::AlreadyTaken));
        assert_eq!(consume(&mut store, &entry(2, 1), now), Ok(()));
        assert_eq!(consume(&mut store, &entry(2, 1), now), Err(Denial::AlreadyTaken));
    }

    #[test]
    fn live_entries_are_never_dropped_and_dead_ones_are() {
        let mut store = MemoryStore::default();
        for n in 0..BUCKET_ENTRIES {
            assert_eq!(consume(&mut store, &entry(n, 1), UnixTime::from_seconds(1)), Ok(()));
        }
        assert_eq!(consume(&mut store, &entry(999, 1), UnixTime::from_seconds(99)), Err(Denial::Capacity));
        assert_eq!(consume(&mut store, &entry(3, 1), UnixTime::from_seconds(99)), Err(Denial::AlreadyTaken));
        assert_eq!(consume(&mut store, &entry(999, 1), UnixTime::from_seconds(100)), Ok(()));
    }

    /// A way of a choice, of which the ID has the number.
    fn way(choice: usize, way: u32, uses: u32) -> Entry {
        let mut entry = Entry { choice: true, ..entry(choice, uses) };
        entry.id[CHOICE..].copy_from_slice(&way.to_be_bytes());
        entry
    }

    #[test]
    fn of_a_choice_one_way_is_consumed_until_all_its_uses_are_given_back() {
        let mut store = MemoryStore::default();
        let now = UnixTime::from_seconds(1);
        assert_eq!(consume(&mut store, &way(1, 0, 2), now), Ok(()));
        assert_eq!(consume(&mut store, &way(1, 1, 1), now), Err(Denial::SplitTaken));
        assert_eq!(consume(&mut store, &way(2, 1, 1), now), Ok(()));
        assert_eq!(consume(&mut store, &way(1, 0, 2), now), Ok(()));
        assert_eq!(consume(&mut store, &way(1, 0, 2), now), Err(Denial::AlreadyTaken));
        assert_eq!(give_back(&mut store, &way(1, 0, 2), now), Ok(()));
        assert_eq!(consume(&mut store, &way(1, 1, 1), now), Err(Denial::SplitTaken));
        assert_eq!(give_back(&mut store, &way(1, 0, 2), now), Ok(()));
        assert_eq!(consume(&mut store, &way(1, 1, 1), now), Ok(()));
        assert_eq!(consume(&mut store, &way(1, 0, 2), now), Err(Denial::SplitTaken));
    }

    #[test]
    fn of_sixteen_workers_with_four_ways_of_a_choice_one_way_is_consumed() {
        for _ in 0..20 {
            let store = std::sync::Mutex::new(MemoryStore::default());
            let taken = std::sync::atomic::AtomicU32::new(0);
            std::thread::scope(|scope| {
                for worker in 0..16_u32 {
                    let (store, taken) = (&store, &taken);
                    scope.spawn(move || {
                        match consume(&mut Shared(store), &way(1, worker % 4, 1), UnixTime::from_seconds(1)) {
                            Ok(()) => drop(taken.fetch_add(1, std::sync::atomic::Ordering::Relaxed)),
                            Err(denial) => assert!(matches!(denial, Denial::AlreadyTaken | Denial::SplitTaken)),
                        }
                    });
                }
            });
            assert_eq!(taken.into_inner(), 1);
        }
    }

    /// The n-th entry of a bucket.
    fn nth(bucket: u16, n: u16) -> Entry {
        let mut id = [0; FINGERPRINT];
        id[..2].copy_from_slice(&bucket.to_be_bytes());
        id[2..4].copy_from_slice(&n.to_be_bytes());
        Entry { document: "movie/digest".to_owned(), id, until: UnixTime::from_seconds(100), uses: 1, choice: false }
    }

    #[test]
    fn a_whole_record_is_full_of_262144_entries_and_then_no_larger() {
        let mut store = MemoryStore::default();
        let most = u16::try_from(BUCKET_ENTRIES).unwrap();
        let now = UnixTime::from_seconds(1);
        for bucket in 0..BUCKETS {
            for n in 0..most {
                assert_eq!(consume(&mut store, &nth(bucket, n), now), Ok(()));
            }
        }
        let bytes = |store: &MemoryStore| store.0.values().map(|(value, _)| value.len()).sum::<usize>();
        assert_eq!((store.0.len(), bytes(&store)), (4096, 262_144 * 28));
        for bucket in 0..BUCKETS {
            assert_eq!(consume(&mut store, &nth(bucket, most), now), Err(Denial::Capacity));
        }
        assert_eq!((store.0.len(), bytes(&store)), (4096, 262_144 * 28));
        // Once they have ended, the next that comes to a bucket drops them all.
        for bucket in 0..BUCKETS {
            assert_eq!(consume(&mut store, &nth(bucket, most), UnixTime::from_seconds(100)), Ok(()));
        }
        assert_eq!((store.0.len(), bytes(&store)), (4096, 4096 * 28));
    }

    /// A store that others write to, between a read and a swap too.
    struct Shared<'a>(&'a std::sync::Mutex<MemoryStore>);

    impl Store for Shared<'_> {
        fn read(&mut self, key: &str) -> Result<Option<(Vec<u8>, u32)>, ProxyError> {
            let found = self.0.lock().unwrap().read(key);
            std::thread::yield_now();
            found
        }

        fn swap(&mut self, key: &str, value: &[u8], version: Option<u32>) -> Result<Swap, ProxyError> {
            self.0.lock().unwrap().swap(key, value, version)
        }
    }

    #[test]
    fn sixteen_workers_at_one_bucket_lose_no_entry_and_deny_nothing() {
        for _ in 0..20 {
            let store = std::sync::Mutex::new(MemoryStore::default());
            let taken = std::sync::atomic::AtomicU32::new(0);
            std::thread::scope(|scope| {
                for worker in 0..16_u16 {
                    let (store, taken) = (&store, &taken);
                    scope.spawn(move || {
                        let now = UnixTime::from_seconds(1);
                        for n in 0..4 {
                            assert_eq!(consume(&mut Shared(store), &nth(7, worker * 4 + n), now), Ok(()));
                            // One entry of all workers, eight times.
                            match consume(&mut Shared(store), &entry_of_all(), now) {
                                Ok(()) => drop(taken.fetch_add(1, std::sync::atomic::Ordering::Relaxed)),
                                Err(denial) => assert_eq!(denial, Denial::AlreadyTaken),
                            }
                        }
                    });
                }
            });
            assert_eq!(taken.into_inner(), 8);
            let store = store.into_inner().unwrap();
            assert_eq!(store.0.values().map(|(value, _)| value.len()).collect::<Vec<_>>(), [64 * 28, 28]);
        }
    }

    fn entry_of_all() -> Entry {
        Entry { uses: 8, ..nth(8, 0) }
    }

    #[test]
    fn an_entry_stays_as_long_as_the_longest_lived_of_its_tokens() {
        let mut store = MemoryStore::default();
        let now = UnixTime::from_seconds(1);
        let shorter = Entry { until: UnixTime::from_seconds(50), ..entry(1, 2) };
        assert_eq!(consume(&mut store, &entry(1, 2), now), Ok(()));
        assert_eq!(consume(&mut store, &shorter, now), Ok(()));
        // Another's write, which drops what has ended.
        assert_eq!(consume(&mut store, &entry(2, 1), UnixTime::from_seconds(60)), Ok(()));
        assert_eq!(consume(&mut store, &entry(1, 2), UnixTime::from_seconds(60)), Err(Denial::AlreadyTaken));
    }

    #[test]
    fn a_use_that_is_given_back_is_free_again_and_no_other_is() {
        let mut store = MemoryStore::default();
        let now = UnixTime::from_seconds(1);
        // Another entry of the same bucket keeps its use.
        assert_eq!(consume(&mut store, &entry(2, 1), now), Ok(()));
        for _ in 0..3 {
            assert_eq!(consume(&mut store, &entry(1, 2), now), Ok(()));
            assert_eq!(consume(&mut store, &entry(1, 2), now), Ok(()));
            assert_eq!(consume(&mut store, &entry(1, 2), now), Err(Denial::AlreadyTaken));
            assert_eq!(give_back(&mut store, &entry(1, 2), now), Ok(()));
            assert_eq!(consume(&mut store, &entry(1, 2), now), Ok(()));
            assert_eq!(consume(&mut store, &entry(1, 2), now), Err(Denial::AlreadyTaken));
            assert_eq!(give_back(&mut store, &entry(1, 2), now), Ok(()));
            assert_eq!(give_back(&mut store, &entry(1, 2), now), Ok(()));
            assert_eq!(consume(&mut store, &entry(2, 1), now), Err(Denial::AlreadyTaken));
        }
        // There is no use to give back twice.
        assert!(give_back(&mut store, &entry(1, 2), now).is_err());
        assert_eq!(consume(&mut store, &entry(2, 1), now), Err(Denial::AlreadyTaken));
    }

    #[test]
    fn nothing_is_given_back_of_an_entry_that_may_be_another_tokens() {
        let mut store = MemoryStore::default();
        let (now, end) = (UnixTime::from_seconds(1), UnixTime::from_seconds(100));
        assert_eq!(consume(&mut store, &entry(1, 1), now), Ok(()));
        // The entry has ended, and a token of the same name that lives longer has taken it again.
        let later = Entry { until: UnixTime::from_seconds(200), ..entry(1, 1) };
        assert_eq!(consume(&mut store, &entry(2, 1), end), Ok(()));
        assert_eq!(consume(&mut store, &later, end), Ok(()));
        assert!(give_back(&mut store, &entry(1, 1), end).is_err());
        assert_eq!(consume(&mut store, &later, end), Err(Denial::AlreadyTaken));
    }

    #[test]
    fn entries_that_were_given_back_take_no_room() {
        let mut store = MemoryStore::default();
        let now = UnixTime::from_seconds(1);
        for n in 0..4 * BUCKET_ENTRIES {
            assert_eq!(consume(&mut store, &entry(n, 1), now), Ok(()));
            assert_eq!(give_back(&mut store, &entry(n, 1), now), Ok(()));
        }
        assert_eq!(store.0.values().map(|(value, _)| value.len()).collect::<Vec<_>>(), [28]);
    }

    #[test]
    fn a_value_that_no_gate_wrote_denies() {
        for odd in [&b"odd"[..], b""] {
            let mut store = MemoryStore::default();
            store.swap(&entry(1, 1).key(), odd, None).unwrap();
            let denial = consume(&mut store, &entry(1, 1), UnixTime::from_seconds(1));
            assert!(matches!(denial, Err(Denial::Internal(_))));
            assert!(give_back(&mut store, &entry(1, 1), UnixTime::from_seconds(1)).is_err());
        }
    }
}
