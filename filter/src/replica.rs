//! The name of this proxy among the replicas of its workload.

use stepgate_decision::ProxyError;
use stepgate_decision::replay_record::{Store, Swap};

use crate::host::{Host, HostError};
use crate::log_events;
use crate::shared_data::SharedData;

/// The key in shared data. The first worker that needs a name generates it, for all workers.
const KEY: &str = "stepgate/1/replica";
/// Longest name that is read from shared data, which any plugin of the proxy may write.
const MAX_REPLICA: usize = 64;

/// Why a proxy has no name.
#[derive(Debug, thiserror::Error)]
enum ReplicaError {
    #[error(transparent)]
    SharedData(#[from] ProxyError),
    #[error(transparent)]
    Host(#[from] HostError),
    #[error("shared data holds no name")]
    NotAName,
    #[error("the name that another worker wrote is gone")]
    Gone,
}

/// The replica's name; nothing if the proxy cannot keep one.
pub(crate) fn name(host: &dyn Host) -> Option<String> {
    let name = read_or_generate(host);
    name.map_err(|why| log_events::trouble("this proxy has no replica name", &why.to_string())).ok()
}

fn read_or_generate(host: &dyn Host) -> Result<String, ReplicaError> {
    let mut shared = SharedData(host);
    let mut read = || shared.read(KEY);
    if let Some((kept, _)) = read()? {
        return checked(kept);
    }
    let generated: String = host.random()?.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    match SharedData(host).swap(KEY, generated.as_bytes(), None)? {
        Swap::Done => Ok(generated),
        Swap::Changed => read()?.ok_or(ReplicaError::Gone).and_then(|(kept, _)| checked(kept)),
    }
}

fn checked(kept: Vec<u8>) -> Result<String, ReplicaError> {
    let name = String::from_utf8(kept).map_err(|_| ReplicaError::NotAName)?;
    let fits = (1..=MAX_REPLICA).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic());
    if fits { Ok(name) } else { Err(ReplicaError::NotAName) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::fake::Fake;

    #[test]
    fn all_workers_have_one_name() {
        let proxy = Fake::default();
        let generated = name(&proxy).unwrap();
        assert_eq!(generated.len(), 32);
        assert_eq!(name(&proxy), Some(generated));
    }

    #[test]
    fn bytes_that_another_plugin_wrote_are_not_a_name() {
        for odd in [&b""[..], b"a b", b"\xff", &[b'a'; MAX_REPLICA + 1]] {
            let proxy = Fake::default();
            proxy.shared.borrow_mut().insert(KEY.into(), (odd.to_vec(), 1));
            assert_eq!(name(&proxy), None);
            assert_eq!(proxy.log().len(), 1);
        }
    }
}
