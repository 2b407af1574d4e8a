//! The goals for the gate's cost, beside the figures of a run.

use super::requests::{CPU, cpu_group};
use super::rows::Row;
use super::setup::{FAN, LARGE, NATIVE_ES256, NATIVE_HS256};
use super::shape::Shape;
use super::start::{self, CODE, DATA, FEW, MANY, MEMORY, MODULE, READY};
use super::workflow::Level;

/// A goal, and the figure of a run. Both are at most what is aimed at, in the same unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Goal {
    /// The quantity.
    pub what: String,
    /// The rows of the run that it is computed from.
    pub rows: String,
    /// The unit; none for a ratio.
    pub unit: &'static str,
    /// The goal.
    pub goal: f64,
    /// The most that is hoped for, if that is more.
    pub reach: Option<f64>,
    /// The figure; none if the run has none.
    pub measured: Option<f64>,
}

impl Goal {
    /// Whether the run meets it.
    pub fn is_met(&self) -> bool {
        self.measured.is_some_and(|measured| measured <= self.goal)
    }
}

/// All goals, with the figures of these rows.
pub(super) fn goals(rows: &[Row]) -> Vec<Goal> {
    let run = Run(rows);
    let (cpu, hs256) = (cpu_group(Shape::FIRST), Level::Hs256.label());
    let (ready, memory) = (start::group(READY, FEW), start::group(MEMORY, FEW));
    let (ready_of_many, memory_of_many) = (start::group(READY, MANY), start::group(MEMORY, MANY));
    let size = |part: &str, goal, reach| {
        let rows = format!("{MODULE}: {}", quoted(&[part]));
        let measured = run.row(MODULE, part).map(|row| row.value.median);
        Goal { what: format!("the module: {part}"), rows, unit: "MB", goal, reach, measured }
    };
    let ratio = |what: &str, rows: String, goal, reach, measured| Goal {
        what: what.to_owned(),
        rows,
        unit: "",
        goal,
        reach,
        measured,
    };
    let of_empty = |group: &str, label: &str| run.row(group, label)?.of_empty;
    let of_native = |label: &str| run.row(&cpu, label)?.of_native;
    let large = |label: &str| Some(run.added(&cpu, label)? / run.added(&cpu, hs256)?);
    let guard = || {
        let added = run.added(&cpu, Level::Guarded.label())? - run.added(&cpu, hs256)?;
        Some(added / run.added(&cpu, Level::Identity.label())?)
    };
    let of_start = |quantity: &str, labels: &[&str]| format!("{quantity}: {}", quoted(labels));
    let in_cpu = |labels: &[&str]| format!("{CPU}: {}", quoted(labels));
    vec![
        size(CODE, 0.60, Some(0.45)),
        size(DATA, 0.12, Some(0.06)),
        ratio(
            "time until Envoy serves, added, of an empty filter's",
            of_start(READY, &[hs256]),
            3.0,
            Some(2.5),
            of_empty(&ready, hs256),
        ),
        ratio(
            "memory, added, of an empty filter's",
            of_start(MEMORY, &[hs256]),
            1.5,
            Some(1.3),
            of_empty(&memory, hs256),
        ),
        ratio(
            "`identity`, added, of an empty filter's",
            in_cpu(&[Level::Identity.label()]),
            3.0,
            Some(2.0),
            of_empty(&cpu, Level::Identity.label()),
        ),
        ratio(
            "`signed` HS256, added, of `jwt_authn` and `rbac`",
            in_cpu(&[hs256, NATIVE_HS256]),
            1.3,
            Some(0.9),
            of_native(hs256),
        ),
        ratio(
            "`signed` ES256, added, of `jwt_authn` and `rbac`",
            in_cpu(&[Level::Es256.label(), NATIVE_ES256]),
            1.4,
            Some(1.2),
            of_native(Level::Es256.label()),
        ),
        ratio(
            "a guard, over HS256 without one, of `identity`",
            in_cpu(&[Level::Guarded.label(), hs256, Level::Identity.label()]),
            0.1,
            None,
            guard(),
        ),
        ratio("10,000 transitions, of 2", in_cpu(&[LARGE, hs256]), 1.1, Some(1.0), large(LARGE)),
        ratio("4,000 transitions of one task, of 1", in_cpu(&[FAN, hs256]), 1.1, Some(1.0), large(FAN)),
        Goal {
            what: "memory of 10,000 transitions over 2".to_owned(),
            rows: of_start(MEMORY, &[LARGE, hs256]),
            unit: "MiB",
            goal: 8.0,
            reach: None,
            measured: run.difference(&memory, LARGE, hs256),
        },
        ratio(
            "time until Envoy serves of each further worker, of the first's",
            of_start(READY, &[hs256]),
            0.1,
            None,
            run.further(&ready, &ready_of_many, hs256),
        ),
        ratio(
            "memory of each further worker, of the first's",
            of_start(MEMORY, &[hs256]),
            0.1,
            None,
            run.further(&memory, &memory_of_many, hs256),
        ),
    ]
}

fn quoted(labels: &[&str]) -> String {
    labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ")
}

/// The rows of a run.
struct Run<'a>(&'a [Row]);

impl Run<'_> {
    fn row(&self, group: &str, label: &str) -> Option<&Row> {
        self.0.iter().find(|row| row.group == group && row.label == label)
    }

    fn added(&self, group: &str, label: &str) -> Option<f64> {
        Some(self.row(group, label)?.added?.median)
    }

    fn difference(&self, group: &str, label: &str, less: &str) -> Option<f64> {
        Some(self.row(group, label)?.value.median - self.row(group, less)?.value.median)
    }

    /// What each of the further workers adds, in multiples of what the first one adds.
    fn further(&self, one: &str, many: &str, label: &str) -> Option<f64> {
        let first = self.added(one, label)?;
        let further = f64::from(MANY.saturating_sub(FEW));
        Some((self.added(many, label)? - first) / further / first)
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows::{Label, rows};
    use super::super::setup::{EMPTY, NO_FILTER};
    use super::*;

    fn measured(what: &str, rows: &[Row]) -> Option<f64> {
        goals(rows).into_iter().find(|goal| goal.what == what).expect(what).measured
    }

    /// One round of a group.
    fn group(name: &str, values: &[(Label, f64)]) -> Vec<Row> {
        let (labels, series): (Vec<_>, Vec<_>) = values.iter().map(|(label, value)| (*label, vec![*value])).unzip();
        rows(name, "", &labels, &series)
    }

    #[test]
    fn figures_are_those_of_the_rows() {
        let cpu = group(
            &cpu_group(Shape::FIRST),
            &[
                (NO_FILTER.into(), 100.0),
                (EMPTY.into(), 110.0),
                (NATIVE_HS256.into(), 140.0),
                (Level::Identity.label().into(), 150.0),
                (Label { text: Level::Hs256.label(), native: Some(NATIVE_HS256) }, 180.0),
                (Level::Guarded.label().into(), 190.0),
                (LARGE.into(), 220.0),
            ],
        );
        assert_eq!(measured("`identity`, added, of an empty filter's", &cpu), Some(5.0));
        assert_eq!(measured("`signed` HS256, added, of `jwt_authn` and `rbac`", &cpu), Some(2.0));
        assert_eq!(measured("a guard, over HS256 without one, of `identity`", &cpu), Some(0.2));
        assert_eq!(measured("10,000 transitions, of 2", &cpu), Some(1.5));
        assert_eq!(measured("4,000 transitions of one task, of 1", &cpu), None);
    }

    #[test]
    fn a_further_worker_is_compared_with_the_first() {
        let memory = |workers, bare, gate, large| {
            let values = [(NO_FILTER.into(), bare), (Level::Hs256.label().into(), gate), (LARGE.into(), large)];
            group(&start::group(MEMORY, workers), &values)
        };
        // The first adds 40, the other three 4 each.
        let rows = [memory(FEW, 60.0, 100.0, 107.0), memory(MANY, 64.0, 116.0, 0.0)].concat();
        assert_eq!(measured("memory of each further worker, of the first's", &rows), Some(0.1));
        assert_eq!(measured("memory of 10,000 transitions over 2", &rows), Some(7.0));
    }

    #[test]
    fn a_goal_is_a_bound() {
        let code = |megabytes| {
            let rows = group(MODULE, &[(CODE.into(), megabytes)]);
            goals(&rows).into_iter().next().unwrap()
        };
        assert!(code(0.60).is_met() && !code(0.61).is_met());
        assert!(!goals(&[]).iter().any(Goal::is_met));
    }
}
