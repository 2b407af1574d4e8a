//! Time as a fact.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Seconds since 1970-01-01T00:00:00Z (`NumericDate` of RFC 7519, section 2, whole seconds only).
///
/// At most [`UnixTime::MAX`], so that no later sum overflows whatever a peer writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct UnixTime(u64);

impl UnixTime {
    /// The last second of the year 9999.
    pub const MAX: Self = Self(253_402_300_799);

    /// The time `seconds` after the epoch, or [`UnixTime::MAX`] where that comes first.
    pub fn from_seconds(seconds: u64) -> Self {
        Self(seconds).min(Self::MAX)
    }

    /// Seconds since the epoch.
    pub fn seconds(self) -> u64 {
        self.0
    }

    /// This time and a while more. Parts of a second count as a whole one.
    #[must_use]
    pub fn plus(self, while_: Duration) -> Self {
        let whole = while_.as_secs().saturating_add(u64::from(while_.subsec_nanos() > 0));
        Self::from_seconds(self.0.saturating_add(whole))
    }
}

impl TryFrom<u64> for UnixTime {
    type Error = &'static str;
    fn try_from(seconds: u64) -> Result<Self, Self::Error> {
        let time = Self(seconds);
        if time <= Self::MAX { Ok(time) } else { Err("a time after the year 9999") }
    }
}

impl From<UnixTime> for u64 {
    fn from(time: UnixTime) -> Self {
        time.0
    }
}
