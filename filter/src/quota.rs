//! How many denials a worker writes to the log each second. Beyond, they are only counted: whoever can
//! send requests must not be able to fill a disk.

/// One worker's quota.
#[derive(Debug)]
pub(crate) struct Quota {
    per_second: u32,
    second: u64,
    written: u32,
    suppressed: u64,
}

/// What becomes of one denial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Share {
    /// It is written.
    Written,
    /// It is counted, and the first since the count was last told.
    FirstSuppressed,
    /// It is counted.
    Suppressed,
}

impl Quota {
    pub(crate) fn new(per_second: u32) -> Self {
        Self { per_second, second: 0, written: 0, suppressed: 0 }
    }

    /// What becomes of a denial in this second (since the epoch).
    pub(crate) fn take(&mut self, second: u64) -> Share {
        if self.second != second {
            (self.second, self.written) = (second, 0);
        }
        if self.written < self.per_second {
            self.written = self.written.saturating_add(1);
            return Share::Written;
        }
        self.suppressed = self.suppressed.saturating_add(1);
        if self.suppressed == 1 { Share::FirstSuppressed } else { Share::Suppressed }
    }

    /// How many were only counted since this was last asked.
    pub(crate) fn tell(&mut self) -> u64 {
        std::mem::take(&mut self.suppressed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_second_has_its_quota_and_the_rest_is_counted() {
        let mut quota = Quota::new(2);
        let shares: Vec<_> = [7, 7, 7, 7, 8].into_iter().map(|second| quota.take(second)).collect();
        use Share::{FirstSuppressed, Suppressed, Written};
        assert_eq!(shares, [Written, Written, FirstSuppressed, Suppressed, Written]);
        assert_eq!((quota.tell(), quota.tell()), (2, 0));
        assert_eq!((quota.take(8), quota.take(8)), (Written, FirstSuppressed));
        assert_eq!(Quota::new(0).take(9), FirstSuppressed);
    }
}
