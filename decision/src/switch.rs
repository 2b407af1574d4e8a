//! Checks that can be switched off, one at a time, to see that a search for attacks then finds one. Only with the feature
//! `switches`, which the model in `tests/model` has, and no release. Without it each check is always on, and costs nothing.

/// A check of the decisions, from the issuer on, in the order of `docs/protocol.md`. The guard and upgrades have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// A start is made by a workload that performs an initial task.
    Initiator,
    /// The issuer of each token may sign for its step.
    Issuer,
    /// The holder of each token is the peer.
    Holder,
    /// The peer is the caller of the transition.
    Caller,
    /// The transition leads to a task of this actor.
    Audience,
    /// A caller by `via` presents a receipt, a performer an arrival.
    Type,
    /// The request is the task that the transition leads to.
    Request,
    /// The request is that task only.
    Ambiguous,
    /// The deadline of the instance has not passed.
    Deadline,
    /// The task may be entered once more.
    Visits,
    /// The constraints hold.
    Constraints,
    /// The evidence of a join has one token from each source.
    Sources,
    /// The evidence of a join is of one round.
    Rounds,
    /// The transition is open already.
    TooEarly,
    /// The transition is still open.
    TooLate,
    /// The peer has a start left.
    Starts,
    /// The transition has a use left in the replay record.
    Record,
}

/// Whether the check is on.
#[cfg(not(feature = "switches"))]
#[inline(always)]
pub(crate) const fn on(_: Check) -> bool {
    true
}

#[cfg(feature = "switches")]
pub(crate) use switched::on;
#[cfg(feature = "switches")]
pub use switched::without;

#[cfg(feature = "switches")]
mod switched {
    use std::cell::Cell;
    use std::hint::black_box;

    use super::Check;

    /// A test looks for this text in the module, which must not have it.
    const MARK: &str = "stepgate-decision: checks can be switched off";

    thread_local! {
        /// One bit for each check that is off. Of this thread: a decision is made on one.
        static OFF: Cell<u32> = const { Cell::new(0) };
    }

    const fn bit(check: Check) -> u32 {
        1 << check as u32
    }

    /// Makes decisions without these checks.
    pub fn without<T>(checks: &[Check], decide: impl FnOnce() -> T) -> T {
        let before = OFF.replace(checks.iter().fold(0, |off, &check| off | bit(check)));
        let decided = decide();
        OFF.set(before);
        decided
    }

    pub(crate) fn on(check: Check) -> bool {
        black_box(MARK);
        OFF.get() & bit(check) == 0
    }
}
