//! What holds for every request of the lab: its time, and headers and parameters that guards may ask for.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use super::attempt::Attempt;

/// Nanoseconds in a second.
const SECOND: i64 = 1_000_000_000;

/// The circumstances of all requests. A clone has the same clock.
#[derive(Debug, Clone, Default)]
pub(super) struct Circumstances {
    /// How many seconds the clocks of all gates are ahead of this machine's, behind if negative.
    ahead: Arc<AtomicI64>,
    /// Headers of every request that is a task, names in lower case.
    pub(super) headers: Vec<(String, String)>,
    /// The query of every request that is a task, without its `?`.
    pub(super) query: String,
}

impl Circumstances {
    /// With clocks that say this time now, in seconds since 1970; without one, the time of this machine.
    pub(super) fn of(time: Option<u64>, headers: Vec<(String, String)>, query: &[String]) -> Self {
        let here = i64::try_from(seconds()).unwrap_or(i64::MAX);
        let ahead = time.map_or(0, |time| i64::try_from(time).unwrap_or(i64::MAX).saturating_sub(here));
        Self { ahead: Arc::new(AtomicI64::new(ahead)), headers, query: query.join("&") }
    }

    /// How many nanoseconds the gates' clocks are ahead.
    pub(super) fn nanoseconds(&self) -> i64 {
        self.ahead().saturating_mul(SECOND)
    }

    /// The time of the gates, in seconds since 1970.
    pub(super) fn now(&self) -> u64 {
        seconds().saturating_add_signed(self.ahead())
    }

    /// Lets time pass.
    pub(super) fn pass(&self, seconds: u64) {
        self.ahead.fetch_add(i64::try_from(seconds).unwrap_or(i64::MAX), Ordering::Relaxed);
    }

    /// How many seconds the gates' clocks are ahead.
    pub(super) fn ahead(&self) -> i64 {
        self.ahead.load(Ordering::Relaxed)
    }

    /// Adds the query, and the headers but for those that the request has already: a gRPC call has a `content-type` of its own.
    pub(super) fn add_to(&self, attempt: &mut Attempt) {
        let own = attempt.lines();
        let further = self.headers.iter().filter(|(name, _)| !own.iter().any(|(own, _)| own == name));
        attempt.headers.extend(further.cloned());
        attempt.query.clone_from(&self.query);
    }
}

fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
