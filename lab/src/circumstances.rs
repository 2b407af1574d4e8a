//! What holds for every request of the lab: its time, and headers that guards may ask for.

use std::time::{SystemTime, UNIX_EPOCH};

use super::attempt::Attempt;

/// Nanoseconds in a second.
const SECOND: i64 = 1_000_000_000;

/// The circumstances of all requests.
#[derive(Debug, Clone, Default)]
pub(super) struct Circumstances {
    /// How many seconds the clocks of all gates are ahead of this machine's, behind if negative.
    pub(super) ahead: i64,
    /// Headers of every request that is a task, names in lower case.
    pub(super) headers: Vec<(String, String)>,
}

impl Circumstances {
    /// With clocks that say this time now, in seconds since 1970; without one, the time of this machine.
    pub(super) fn of(time: Option<u64>, headers: Vec<(String, String)>) -> Self {
        let here = i64::try_from(seconds()).unwrap_or(i64::MAX);
        let ahead = time.map_or(0, |time| i64::try_from(time).unwrap_or(i64::MAX).saturating_sub(here));
        Self { ahead, headers }
    }

    /// How many nanoseconds the gates' clocks are ahead.
    pub(super) fn nanoseconds(&self) -> i64 {
        self.ahead.saturating_mul(SECOND)
    }

    /// The time of the gates, in seconds since 1970.
    pub(super) fn now(&self) -> u64 {
        seconds().saturating_add_signed(self.ahead)
    }

    /// Adds the headers, but for those that the request has already: a gRPC call has a `content-type` of its own.
    pub(super) fn add_to(&self, attempt: &mut Attempt) {
        let own = attempt.lines();
        let further = self.headers.iter().filter(|(name, _)| !own.iter().any(|(own, _)| own == name));
        attempt.headers.extend(further.cloned());
    }
}

fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
