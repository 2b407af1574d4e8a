//! Time as a fact.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use stepgate_config::duration::whole_seconds;

/// Seconds since 1970-01-01T00:00:00Z (`NumericDate` of RFC 7519, section 2, whole seconds only).
///
/// At most [`UnixTime::MAX`], so that no later sum overflows whatever a peer writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct UnixTime(u64);

/// A time after [`UnixTime::MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a time after the year 9999")]
pub struct UnixTimeError;

impl UnixTime {
    /// The last second of the year 9999.
    pub const MAX: Self = Self(253_402_300_799);

    /// The time `seconds` after the epoch, or [`UnixTime::MAX`] where that comes first.
    pub fn from_seconds(seconds: u64) -> Self {
        Self(seconds).min(Self::MAX)
    }

    /// Seconds since the epoch.
    pub const fn seconds(self) -> u64 {
        self.0
    }

    /// This time and a while more. Parts of a second count as a whole one.
    #[must_use]
    pub fn plus(self, while_: Duration) -> Self {
        Self::from_seconds(self.0.saturating_add(whole_seconds(while_)))
    }
}

impl TryFrom<u64> for UnixTime {
    type Error = UnixTimeError;
    fn try_from(seconds: u64) -> Result<Self, UnixTimeError> {
        let time = Self(seconds);
        if time <= Self::MAX { Ok(time) } else { Err(UnixTimeError) }
    }
}

impl From<UnixTime> for u64 {
    fn from(time: UnixTime) -> Self {
        time.0
    }
}

/// The time at a gate, and the leeway that it allows other gates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// The time.
    pub now: UnixTime,
    /// How far two clocks may be apart.
    pub leeway: Duration,
}

impl Clock {
    /// Whether a token that ends at `exp` has expired: from `exp + leeway` on.
    pub fn is_past(self, exp: UnixTime) -> bool {
        self.now >= exp.plus(self.leeway)
    }

    /// Whether a token that was issued at `iat` is from the future: later than `now + leeway`.
    pub fn is_before(self, iat: UnixTime) -> bool {
        iat > self.now.plus(self.leeway)
    }

    /// The leeway in whole seconds, rounded up.
    pub(crate) fn leeway_seconds(self) -> u64 {
        whole_seconds(self.leeway)
    }
}
