//! How much of what could be tried was tried, counted exactly.

use std::collections::{BTreeMap, BTreeSet};

use indicatif::HumanCount;

use super::matrix::Cell;

/// Counts of what was tried, and of how much there was.
pub(super) struct Coverage {
    pub(super) planned: usize,
    pub(super) tried: usize,
    /// Ordered pairs of actors.
    pub(super) pairs: Part,
    /// No step, and every task in every kind of step.
    pub(super) steps: Part,
    /// Attacks, each on each transition and workload to which it applies.
    pub(super) attacks: Part,
    /// Attempts that were made and tried nothing, by the code that any request would have had.
    pub(super) untried: BTreeMap<&'static str, usize>,
    seen_pairs: BTreeSet<(String, String)>,
    seen_steps: BTreeSet<(Option<String>, &'static str)>,
}

/// A part of a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) tried: usize,
    pub(super) of: usize,
}

impl Coverage {
    pub(super) fn new(planned: usize, (pairs, steps): (usize, usize), attacks: usize) -> Self {
        let part = |of| Part { tried: 0, of };
        Self {
            planned,
            tried: 0,
            pairs: part(pairs),
            steps: part(steps),
            attacks: part(attacks),
            untried: BTreeMap::new(),
            seen_pairs: BTreeSet::new(),
            seen_steps: BTreeSet::new(),
        }
    }

    pub(super) fn note_cell(&mut self, cell: &Cell<'_>) {
        self.tried = self.tried.saturating_add(1);
        self.seen_pairs.insert((cell.from.name.clone(), cell.to.name.clone()));
        self.seen_steps.insert((cell.task.map(|task| task.name.to_string()), cell.kind.label().name));
        self.pairs.tried = self.seen_pairs.len();
        self.steps.tried = self.seen_steps.len();
    }

    pub(super) fn note_attack(&mut self) {
        self.tried = self.tried.saturating_add(1);
        self.attacks.tried = self.attacks.tried.saturating_add(1);
    }

    /// Takes an attempt back that tried nothing.
    pub(super) fn note_untried(&mut self, code: &'static str, attack: bool) {
        self.tried = self.tried.saturating_sub(1);
        self.attacks.tried = self.attacks.tried.saturating_sub(usize::from(attack));
        let count = self.untried.entry(code).or_default();
        *count = count.saturating_add(1);
    }

    pub(super) fn whole(&self) -> bool {
        self.tried == self.planned
    }

    /// One line.
    pub(super) fn line(&self, seed: u64) -> String {
        let parts = format!(
            "{}, {}, {}",
            self.pairs.said("pair of actors", "pairs of actors"),
            self.steps.said("task × kind of step", "tasks × kinds of step"),
            self.attacks.said("attack × transition", "attacks × transitions"),
        );
        if self.whole() {
            return format!("tried all of {} attempts: {parts}", grouped(self.planned));
        }
        let untried: usize = self.untried.values().sum();
        let mut line = format!("tried {} of {} attempts: {parts}", grouped(self.tried), grouped(self.planned));
        if self.tried.saturating_add(untried) < self.planned {
            line.push_str(&format!("; {} of all (seed {seed})", share(self.tried, self.planned)));
        }
        for (code, count) in &self.untried {
            line.push_str(&format!("; {} not tried, since an honest request is denied {code} there", grouped(*count)));
        }
        line
    }
}

impl Part {
    fn said(self, one: &str, several: &str) -> String {
        if self.tried == self.of {
            return format!("every {one}");
        }
        format!("{} of {} {several}", grouped(self.tried), grouped(self.of))
    }
}

/// A share in tenths of a percent, rounded down: nothing is reported as tried that was not.
fn share(some: usize, of: usize) -> String {
    let tenths = some.saturating_mul(1000).checked_div(of).unwrap_or_default();
    format!("{}.{} %", tenths / 10, tenths % 10)
}

/// `1,234,567`.
pub(super) fn grouped(number: usize) -> String {
    HumanCount(u64::try_from(number).unwrap_or(u64::MAX)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_never_more_than_it_is() {
        assert_eq!(share(1, 3), "33.3 %");
        assert_eq!(share(19_999, 20_000), "99.9 %");
        assert_eq!(share(1, 100_000), "0.0 %");
    }

    #[test]
    fn numbers_are_grouped() {
        let said = [0, 12, 999, 1000, 643_200, 1_234_567].map(grouped);
        assert_eq!(said, ["0", "12", "999", "1,000", "643,200", "1,234,567"]);
    }
}
