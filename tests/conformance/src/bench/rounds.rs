//! Set-ups in turns, so that other work of the machine affects all of them alike.

use indicatif::{ProgressBar, ProgressStyle};

/// Measures each of `setups` once a round: `N` quantities at a time. Each round begins with another
/// set-up, so that none always runs on the caches that the same other one left. Returns, for
/// each quantity and each set-up, the values in the order of the rounds. `part` names the measurement where it shows its
/// progress.
pub(super) fn in_turns<const N: usize>(
    part: &str,
    rounds: usize,
    setups: usize,
    mut once: impl FnMut(usize) -> Result<[f64; N], String>,
) -> Result<[Vec<Vec<f64>>; N], String> {
    let mut series = [const { Vec::new() }; N];
    for quantity in &mut series {
        quantity.resize_with(setups, Vec::new);
    }
    let bar = progress(part, rounds.saturating_mul(setups));
    for round in 0..rounds {
        for setup in (0..setups).cycle().skip(round.checked_rem(setups).unwrap_or_default()).take(setups) {
            let values = once(setup)?;
            for (quantity, value) in series.iter_mut().zip(values) {
                quantity.get_mut(setup).ok_or("too many set-ups")?.push(value);
            }
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    Ok(series)
}

/// A line that stays, and on a terminal a bar below it.
pub(super) fn progress(part: &str, steps: usize) -> ProgressBar {
    eprintln!("bench: {part}");
    let style = ProgressStyle::with_template("{wide_bar} {eta}").unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(u64::try_from(steps).unwrap_or(u64::MAX)).with_style(style)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_round_has_each_set_up_and_begins_with_the_next() {
        let mut order = Vec::new();
        let [series] = in_turns("a test", 2, 3, |setup| {
            order.push(setup);
            Ok([f64::from(u8::try_from(order.len()).unwrap())])
        })
        .unwrap();
        assert_eq!(order, [0, 1, 2, 1, 2, 0]);
        assert_eq!(series, [[1.0, 6.0], [2.0, 4.0], [3.0, 5.0]]);
    }
}
