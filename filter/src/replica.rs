//! The name of this proxy among the replicas of its workload.

use stepgate_decision::replay_record::{Store, Swap};

use crate::host::{Host, Level};
use crate::lines;
use crate::store::SharedData;

/// Where it stands in shared data: drawn by the first worker that needs it, the same for all.
const KEY: &str = "stepgate/1/replica";
/// Longest name that is taken from shared data, which any plugin of the proxy may write.
const MAX_REPLICA: usize = 64;

/// The replica's name; nothing where the proxy cannot keep one.
pub(crate) fn name(host: &dyn Host) -> Option<String> {
    match read_or_draw(host) {
        Ok(name) => Some(name),
        Err(why) => {
            host.log(Level::Error, &lines::trouble("this proxy has no replica name", why));
            None
        }
    }
}

fn read_or_draw(host: &dyn Host) -> Result<String, &'static str> {
    let mut shared = SharedData(host);
    if let Some((kept, _)) = shared.read(KEY)? {
        return checked(kept);
    }
    let drawn: String = host.random()?.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    match shared.swap(KEY, drawn.as_bytes(), None)? {
        Swap::Done => Ok(drawn),
        Swap::Changed => shared.read(KEY)?.ok_or("another worker's name is gone").and_then(|(kept, _)| checked(kept)),
    }
}

fn checked(kept: Vec<u8>) -> Result<String, &'static str> {
    let name = String::from_utf8(kept).map_err(|_| "shared data holds no name")?;
    let fits = (1..=MAX_REPLICA).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic());
    if fits { Ok(name) } else { Err("shared data holds no name") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Fake;

    #[test]
    fn all_workers_have_one_name() {
        let proxy = Fake::default();
        let drawn = name(&proxy).unwrap();
        assert_eq!(drawn.len(), 32);
        assert_eq!(name(&proxy), Some(drawn));
    }

    #[test]
    fn what_another_plugin_wrote_is_no_name() {
        for odd in [&b""[..], b"a b", b"\xff", &[b'a'; MAX_REPLICA + 1]] {
            let proxy = Fake::default();
            proxy.shared.borrow_mut().insert(KEY.into(), (odd.to_vec(), 1));
            assert_eq!(name(&proxy), None);
            assert_eq!(proxy.log.borrow().len(), 1);
        }
    }
}
