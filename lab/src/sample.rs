//! A sample that a seed decides.

use std::collections::BTreeSet;

/// Numbers that look random and follow from a seed: `SplitMix64` (Steele, Lea, Flood, OOPSLA 2014).
pub(super) struct Sampler(u64);

impl Sampler {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// One of `0..=most`. The bias of the remainder is less than `most` in 2^64.
    fn up_to(&mut self, most: usize) -> usize {
        let of = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
        usize::try_from(self.next().checked_rem(of).unwrap_or_default()).unwrap_or_default()
    }

    /// `count` different numbers of `0..of`, in order, each set of them as likely as any other (Floyd's algorithm).
    pub(super) fn some(&mut self, of: usize, count: usize) -> Vec<usize> {
        if count >= of {
            return (0..of).collect();
        }
        let mut chosen = BTreeSet::new();
        for last in of.saturating_sub(count)..of {
            let one = self.up_to(last);
            if !chosen.insert(one) {
                chosen.insert(last);
            }
        }
        chosen.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_decides_the_sample() {
        let sample = |seed| Sampler::new(seed).some(1_000_000, 20_000);
        assert_eq!(sample(42), sample(42));
        assert_ne!(sample(42), sample(43));
        assert_eq!(sample(7).len(), 20_000);
        assert!(sample(7).is_sorted_by(|a, b| a < b) && sample(7).iter().all(|n| *n < 1_000_000));
        assert_eq!(Sampler::new(1).some(5, 9), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn no_part_is_chosen_more_than_another() {
        let mut counts = [0_usize; 10];
        for seed in 0..2000 {
            for one in Sampler::new(seed).some(10, 3) {
                counts[one] += 1;
            }
        }
        // 600 each; five times the standard deviation of 20.5.
        assert!(counts.iter().all(|count| count.abs_diff(600) < 103), "{counts:?}");
    }
}
