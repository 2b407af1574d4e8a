//! From measured values to figures: medians, and ratios to the baseline of the same round.

/// A median and the quartiles around it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// A quarter of the values lies below.
    pub low: f64,
    /// Half of them.
    pub median: f64,
    /// Three quarters of them.
    pub high: f64,
}

impl Spread {
    /// The median of no values is 0; no real measurement is.
    pub(super) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = values.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().saturating_sub(1);
        let at = |quarters: usize| {
            let place = last.saturating_mul(quarters);
            // Between two values, their mean is close enough.
            let (below, above) = (sorted.get(place / 4), sorted.get(place.div_ceil(4)));
            f64::midpoint(below.copied().unwrap_or(0.0), above.copied().unwrap_or(0.0))
        };
        Self { low: at(1), median: at(2), high: at(3) }
    }
}

/// The values of one variant.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The quantity.
    pub group: &'static str,
    /// The variant.
    pub label: String,
    /// The unit of the values.
    pub unit: &'static str,
    /// The values.
    pub value: Spread,
    /// The ratio to the baseline, round by round; none for the baseline itself.
    pub ratio: Option<Spread>,
    /// The median of the difference from the baseline, round by round.
    pub added: Option<f64>,
}

/// The rows of a group, the first of which is the baseline. A ratio is taken within a round, between
/// neighbours in time: the median of ratios stays the same if the machine becomes slower half-way.
pub(super) fn rows(group: &'static str, unit: &'static str, labels: &[&str], series: &[Vec<f64>]) -> Vec<Row> {
    let baseline = series.first().map(Vec::as_slice).unwrap_or_default();
    let row = |(at, (label, values)): (usize, (&&str, &Vec<f64>))| {
        let pairs = || values.iter().zip(baseline);
        Row {
            group,
            label: (*label).to_owned(),
            unit,
            value: Spread::of(values.iter().copied()),
            ratio: (at > 0).then(|| Spread::of(pairs().map(|(value, base)| value / base))),
            added: (at > 0).then(|| Spread::of(pairs().map(|(value, base)| value - base)).median),
        }
    };
    labels.iter().zip(series).enumerate().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_and_its_quartiles() {
        let spread = |values: &[f64]| Spread::of(values.iter().copied());
        assert_eq!(spread(&[5.0, 1.0, 4.0, 2.0, 3.0]), Spread { low: 2.0, median: 3.0, high: 4.0 });
        assert_eq!(spread(&[2.0, 1.0]).median, 1.5);
        assert_eq!(spread(&[7.0]), Spread { low: 7.0, median: 7.0, high: 7.0 });
    }

    #[test]
    fn ratios_are_those_of_a_round() {
        // The machine became ten times slower in the second round; the ratio is the same.
        let rows = rows("time", "s", &["base", "other"], &[vec![1.0, 10.0], vec![2.0, 20.0]]);
        assert_eq!(rows[0].ratio, None);
        assert_eq!(rows[1].ratio, Some(Spread { low: 2.0, median: 2.0, high: 2.0 }));
        assert_eq!(rows[1].added, Some(5.5));
    }
}
