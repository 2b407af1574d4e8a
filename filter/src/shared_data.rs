//! The proxy's shared data as the store of the replay record.

use stepgate_decision::ProxyError;
use stepgate_decision::replay_record::{Store, Swap};

use crate::host::{Host, Write};

/// A version that no value has.
///
/// Shared data has no "write if absent": version 0 means "any version", so two workers that both found nothing would
/// both write, and a transition would be consumed twice. But the proxy compares the version only if the key *exists*
/// (proxy-wasm-cpp-host, `SharedData::set`): with a version that no value has, an absent key is written and a present
/// one is a mismatch. That is write-if-absent, in one step under the proxy's lock. Versions count up from 1 with each
/// write of the whole proxy: this one is 4,294,967,294 writes away.
const ABSENT: u32 = u32::MAX;

/// The shared data of a proxy, which all its workers have in common.
pub(crate) struct SharedData<'h>(pub(crate) &'h dyn Host);

impl Store for SharedData<'_> {
    fn read(&mut self, key: &str) -> Result<Option<(Vec<u8>, u32)>, ProxyError> {
        match self.0.read_shared(key)? {
            // A write back with version 0 would overwrite any write in between.
            Some((_, 0)) => Err(ProxyError("shared data has a value without a version")),
            found => Ok(found),
        }
    }

    fn swap(&mut self, key: &str, value: &[u8], version: Option<u32>) -> Result<Swap, ProxyError> {
        if version == Some(0) {
            return Err(ProxyError("no value has version 0"));
        }
        match self.0.write_shared(key, value, version.unwrap_or(ABSENT))? {
            Write::Done => Ok(Swap::Done),
            Write::Mismatch => Ok(Swap::Changed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::fake::Fake;

    #[test]
    fn of_two_workers_that_found_nothing_one_writes() {
        let proxy = Fake::default();
        let (mut one, mut other) = (SharedData(&proxy), SharedData(&proxy));
        assert_eq!((one.read("k"), other.read("k")), (Ok(None), Ok(None)));
        assert_eq!(one.swap("k", b"1", None), Ok(Swap::Done));
        assert_eq!(other.swap("k", b"2", None), Ok(Swap::Changed));
        let (value, version) = other.read("k").unwrap().unwrap();
        assert_eq!(value, b"1");
        assert_eq!(other.swap("k", b"12", Some(version)), Ok(Swap::Done));
        assert_eq!(one.swap("k", b"13", Some(version)), Ok(Swap::Changed));
    }

    #[test]
    fn version_0_never_reaches_the_proxy() {
        let proxy = Fake::default();
        assert!(SharedData(&proxy).swap("k", b"1", Some(0)).is_err());
        proxy.shared.borrow_mut().insert("k".into(), (b"odd".to_vec(), 0));
        assert!(SharedData(&proxy).read("k").is_err());
    }
}
