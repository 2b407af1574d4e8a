//! Limits how many denials a worker logs each second. All others are only counted: a caller must not be able to fill a
//! disk by sending requests.

/// The limit of one worker.
#[derive(Debug)]
pub(crate) struct LogLimiter {
    per_second: u32,
    second: u64,
    logged: u32,
    suppressed: u64,
}

/// The answer to one denial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Allowance {
    Log,
    /// Not to be logged; the first one since the suppressed ones were last reported.
    FirstSuppressed,
    Suppressed,
}

impl LogLimiter {
    pub(crate) fn new(per_second: u32) -> Self {
        Self { per_second, second: 0, logged: 0, suppressed: 0 }
    }

    /// Whether to log a denial of this second (since the epoch).
    pub(crate) fn next(&mut self, second: u64) -> Allowance {
        if self.second != second {
            (self.second, self.logged) = (second, 0);
        }
        if self.logged < self.per_second {
            self.logged = self.logged.saturating_add(1);
            return Allowance::Log;
        }
        self.suppressed = self.suppressed.saturating_add(1);
        if self.suppressed == 1 { Allowance::FirstSuppressed } else { Allowance::Suppressed }
    }

    /// How many were suppressed since the last call of this function.
    pub(crate) fn take_suppressed(&mut self) -> u64 {
        std::mem::take(&mut self.suppressed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_second_has_its_limit_and_the_rest_is_counted() {
        let mut limiter = LogLimiter::new(2);
        let answers: Vec<_> = [7, 7, 7, 7, 8].into_iter().map(|second| limiter.next(second)).collect();
        use Allowance::{FirstSuppressed, Log, Suppressed};
        assert_eq!(answers, [Log, Log, FirstSuppressed, Suppressed, Log]);
        assert_eq!((limiter.take_suppressed(), limiter.take_suppressed()), (2, 0));
        assert_eq!((limiter.next(8), limiter.next(8)), (Log, FirstSuppressed));
        assert_eq!(LogLimiter::new(0).next(9), FirstSuppressed);
    }
}
