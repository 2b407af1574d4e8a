//! From measured values to figures: medians, and ratios to the baselines of the same run.

use super::setup::EMPTY;

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

/// The values of one set-up.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The quantity.
    pub group: String,
    /// The set-up.
    pub label: String,
    /// The unit of the values.
    pub unit: &'static str,
    /// The values.
    pub value: Spread,
    /// The difference from the group's first row, round by round; none for that row.
    pub added: Option<Spread>,
    /// The median of the ratio to the group's first row, round by round.
    pub ratio: Option<f64>,
    /// The added value in multiples of what an empty filter adds; none where that adds nothing.
    pub of_empty: Option<f64>,
    /// The same of what Envoy's own filters for the same purpose add.
    pub of_native: Option<f64>,
}

/// A set-up in a group.
#[derive(Debug, Clone, Copy)]
pub(super) struct Label {
    pub(super) text: &'static str,
    /// The label of Envoy's own filters that it is compared with.
    pub(super) native: Option<&'static str>,
}

impl From<&'static str> for Label {
    fn from(text: &'static str) -> Self {
        Self { text, native: None }
    }
}

/// The rows of a group, the first of which is the baseline. A difference and a ratio to it are taken within a round,
/// between neighbours in time: the median stays the same if the machine becomes slower half-way.
pub(super) fn rows(group: &str, unit: &'static str, labels: &[Label], series: &[Vec<f64>]) -> Vec<Row> {
    let baseline = series.first().map(Vec::as_slice).unwrap_or_default();
    let row = |(at, (label, values)): (usize, (&Label, &Vec<f64>))| {
        let pairs = || values.iter().zip(baseline);
        Row {
            group: group.to_owned(),
            label: label.text.to_owned(),
            unit,
            value: Spread::of(values.iter().copied()),
            added: (at > 0).then(|| Spread::of(pairs().map(|(value, base)| value - base))),
            ratio: (at > 0).then(|| Spread::of(pairs().map(|(value, base)| value / base)).median),
            of_empty: None,
            of_native: None,
        }
    };
    let mut all: Vec<Row> = labels.iter().zip(series).enumerate().map(row).collect();
    let added: Vec<(&str, f64)> =
        labels.iter().zip(&all).filter_map(|(label, row)| Some((label.text, row.added?.median))).collect();
    let times = |row: &Row, of: &str| {
        let (_, unit) = added.iter().find(|(label, added)| *label == of && row.label != of && *added > 0.0)?;
        Some(row.added?.median / unit)
    };
    for (row, label) in all.iter_mut().zip(labels) {
        row.of_empty = times(row, EMPTY);
        row.of_native = label.native.and_then(|native| times(row, native));
    }
    all
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
        let rows = rows("time", "s", &["base".into(), "other".into()], &[vec![1.0, 10.0], vec![2.0, 20.0]]);
        assert_eq!((rows[0].ratio, rows[0].added), (None, None));
        assert_eq!(rows[1].ratio, Some(2.0));
        assert_eq!(rows[1].added.unwrap().median, 5.5);
        assert_eq!((rows[1].of_empty, rows[1].of_native), (None, None));
    }

    #[test]
    fn what_is_added_is_compared_with_what_others_add() {
        let labels = [
            Label::from("base"),
            Label::from(EMPTY),
            Label::from("native"),
            Label { text: "gate", native: Some("native") },
        ];
        let rows = rows("time", "s", &labels, &[vec![10.0], vec![12.0], vec![15.0], vec![20.0]]);
        let ratios: Vec<_> = rows.iter().map(|row| (row.of_empty, row.of_native)).collect();
        assert_eq!(ratios, [(None, None), (None, None), (Some(2.5), None), (Some(5.0), Some(2.0))]);
    }

    #[test]
    fn nothing_is_compared_with_a_set_up_that_adds_nothing() {
        let rows =
            rows("time", "s", &["base".into(), EMPTY.into(), "gate".into()], &[vec![10.0], vec![9.0], vec![20.0]]);
        assert_eq!(rows[2].of_empty, None);
    }
}
