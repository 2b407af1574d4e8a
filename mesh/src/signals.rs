//! The signals that end this process, and how a shell reports that.

use std::io;
use std::task::Poll;

use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens as soon as it is created, so that no signal is missed before something waits for one.
#[derive(Debug)]
pub(super) struct Signals {
    kinds: Vec<(SignalKind, Signal)>,
}

impl Signals {
    pub(super) fn listen(runtime: &Runtime) -> io::Result<Self> {
        let _guard = runtime.enter();
        let mut wanted = vec![SignalKind::interrupt(), SignalKind::terminate()];
        // `nohup` ignores it, so that a mesh outlives its terminal.
        if !is_ignored(SignalKind::hangup()) {
            wanted.push(SignalKind::hangup());
        }
        let kinds = wanted.into_iter().map(|kind| Ok((kind, signal(kind)?))).collect::<io::Result<_>>()?;
        Ok(Self { kinds })
    }

    /// Waits for the first; gives the code with which to end, as a shell reports it: 128 and its number.
    pub(super) async fn first(mut self) -> i32 {
        let kind = std::future::poll_fn(|context| {
            let come =
                self.kinds.iter_mut().find_map(|(kind, signal)| signal.poll_recv(context).is_ready().then_some(*kind));
            come.map_or(Poll::Pending, Poll::Ready)
        });
        kind.await.as_raw_value().saturating_add(128)
    }
}

/// Whether the parent process set the signal to be ignored (proc_pid_status(5)).
fn is_ignored(kind: SignalKind) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    let bit = u32::try_from(kind.as_raw_value()).ok().and_then(|number| 1_u64.checked_shl(number.checked_sub(1)?));
    mask.zip(bit).is_some_and(|(mask, bit)| mask & bit != 0)
}
