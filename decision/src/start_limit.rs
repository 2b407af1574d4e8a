//! How often a peer may begin instances at a replica: without a bound, one initiator could fill the replay record for
//! everyone else in the workflow.
//!
//! A rate of 100/1m allows 100 starts at once, and then one more each 0.6 seconds. The store holds one number for each
//! peer and document: the time at which all that the peer has begun will be forgotten (the generic cell rate algorithm).
//! A peer is a SPIFFE ID or an open segment of the document's actors, so the number of keys is bounded.

use stepgate_config::MAX_DURATION;
use stepgate_config::gate::Rate;
use stepgate_config::workflow::Workflow;

use crate::denial::Denial;
use crate::replay_record::{Store, update};
use crate::time::UnixTime;

/// Microseconds in a second.
const MICROS: u64 = 1_000_000;
/// The last count that a gate writes: at the last time, a longest period ahead.
const LAST: u64 =
    UnixTime::MAX.seconds().saturating_mul(MICROS).saturating_add(MAX_DURATION.as_secs().saturating_mul(MICROS));
/// How far a count may reach past a period before the clock must have been set back. Workers read the time before they
/// count, in whole seconds, so one may count by an earlier second than another has.
const SLACK: u64 = 60 * MICROS;

/// Counts a start. It stays counted, whatever becomes of the request.
///
/// # Errors
/// `TOO_MANY_STARTS` where the peer has none left, `CAPACITY` where too many workers count at the same time, `INTERNAL`
/// where the store fails or holds a value that no gate wrote.
pub(crate) fn count(
    store: &mut dyn Store,
    (workflow, peer): (&Workflow, &str),
    rate: Rate,
    now: UnixTime,
) -> Result<(), Denial> {
    let key = format!("stepgate/1/starts/{}/{}/{peer}", workflow.name, workflow.digest);
    update(store, &key, |value| after(value, rate, now).map(|time| time.to_be_bytes().to_vec()))
}

/// The time after one more start, in microseconds since the epoch.
fn after(value: &[u8], rate: Rate, now: UnixTime) -> Result<u64, Denial> {
    let stored = match value {
        [] => 0,
        value => {
            let stored = value.try_into().map(u64::from_be_bytes).ok().filter(|stored| (1..=LAST).contains(stored));
            stored.ok_or(Denial::Internal("a count that no gate wrote"))?
        }
    };
    let now = now.seconds().saturating_mul(MICROS);
    let period = rate.period.as_secs().saturating_mul(MICROS);
    // Whole microseconds: of a rate that does not divide evenly, each start takes a little less.
    let one = period.checked_div(u64::from(rate.count)).unwrap_or(period).max(1);
    let full = now.saturating_add(period);
    // A count that reaches far past a period: the clock was set back, or the period was longer. The count begins anew, or
    // the peer would be locked out until the clock is where it was.
    let taken = if stored > full.saturating_add(SLACK) { now } else { stored.max(now) };
    let next = taken.saturating_add(one);
    if next > full { Err(Denial::TooManyStarts) } else { Ok(next) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn rate(count: u32, seconds: u64) -> Rate {
        Rate { count, period: Duration::from_secs(seconds) }
    }

    /// How many starts are permitted at each time, where a peer tries many.
    fn permitted(rate: Rate, times: &[u64]) -> Vec<usize> {
        let mut value = Vec::new();
        let mut at = |time| {
            let one_more = || {
                value = after(&value, rate, UnixTime::from_seconds(time)).ok()?.to_be_bytes().to_vec();
                Some(())
            };
            std::iter::from_fn(one_more).count()
        };
        times.iter().map(|time| at(*time)).collect()
    }

    #[test]
    fn as_many_at_once_and_then_as_many_as_the_period_passes() {
        assert_eq!(permitted(rate(3, 60), &[1000, 1000, 1019, 1020, 1060, 1200]), [3, 0, 0, 1, 2, 3]);
        assert_eq!(permitted(rate(7, 10), &[1000, 1010]), [7, 7]);
        assert_eq!(permitted(rate(80_000, 7260), &[1000, 8260, 8261]), [80_000, 80_000, 11]);
        assert_eq!(permitted(rate(1_000_000, 1), &[1000]), [1_000_000]);
        assert_eq!(permitted(rate(1, 86_400), &[1000, 87_399, 87_400]), [1, 0, 1]);
    }

    /// Two workers count at the turn of a second.
    #[test]
    fn an_earlier_second_forgives_nothing() {
        assert_eq!(permitted(rate(3, 60), &[1000, 1020, 1019]), [3, 1, 0]);
        assert_eq!(permitted(rate(100, 60), &[1000, 1001, 1000]), [100, 1, 0]);
        assert_eq!(permitted(rate(3, 60), &[1000, 990]), [3, 0]);
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        assert_eq!(permitted(rate(3, 60), &[1_000_000, 1000, 1000]), [3, 3, 0]);
        assert_eq!(permitted(rate(3, 60), &[UnixTime::MAX.seconds()]), [3]);
    }

    #[test]
    fn a_value_that_no_gate_wrote_denies() {
        for odd in [&b"1234567"[..], b"123456789", b"aaaaaaaa", &[0; 8], &[0xff; 8]] {
            assert!(matches!(after(odd, rate(3, 60), UnixTime::from_seconds(1)), Err(Denial::Internal(_))));
        }
    }
}
