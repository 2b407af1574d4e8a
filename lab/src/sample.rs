//! A sample that a seed decides.

use fastrand::Rng;

/// `count` different numbers of `0..of`, in order, each set of them as likely as any other.
pub(super) fn sample(rng: &mut Rng, of: usize, count: usize) -> Vec<usize> {
    let mut chosen = rng.choose_multiple(0..of, count);
    chosen.sort_unstable();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_decides_the_sample() {
        let of_seed = |seed| sample(&mut Rng::with_seed(seed), 1_000_000, 20_000);
        assert_eq!(of_seed(42), of_seed(42));
        assert_ne!(of_seed(42), of_seed(43));
        assert_eq!(of_seed(7).len(), 20_000);
        assert!(of_seed(7).is_sorted_by(|a, b| a < b) && of_seed(7).iter().all(|n| *n < 1_000_000));
        assert_eq!(sample(&mut Rng::with_seed(1), 5, 9), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn no_part_is_chosen_more_than_another() {
        let mut counts = [0_usize; 10];
        for seed in 0..2000 {
            for one in sample(&mut Rng::with_seed(seed), 10, 3) {
                counts[one] += 1;
            }
        }
        // 600 each; five times the standard deviation of 20.5.
        assert!(counts.iter().all(|count| count.abs_diff(600) < 103), "{counts:?}");
    }
}
