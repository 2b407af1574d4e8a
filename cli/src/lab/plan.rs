//! What is to be tried, as numbers: for each ordered pair of actors, each method and each task's step,
//! rightful, none, forged, expired, of another holder, of another instance.
//!
//! A document of many actors and tasks has more attempts than memory has room for signed tokens, so an
//! attempt is only a number here, and becomes a request when its turn comes.

use std::collections::BTreeSet;
use std::sync::Arc;

use stepgate_config::workflow::{Actor, Assurance, Task};

use super::setting::Setting;
use super::trial::Kind;

/// Up to so many attempts all are tried; of more, so many.
const MAX_TRIED: usize = 20_000;

/// The golden section of 2^64. Multiples of it lie apart as evenly as multiples can, however many there are.
const GOLDEN: u128 = 0x9e37_79b9_7f4a_7c15;

/// All attempts on a workflow, in order.
pub(super) struct Plan {
    actors: Vec<Arc<Actor>>,
    methods: Vec<String>,
    /// What is shown: nothing, or each task's step in each kind.
    shown: Vec<(Option<Arc<Task>>, Kind)>,
}

/// One attempt, before anything is made for it.
pub(super) struct Case<'a> {
    pub(super) from: &'a Arc<Actor>,
    pub(super) to: &'a Arc<Actor>,
    pub(super) method: &'a str,
    pub(super) task: Option<&'a Arc<Task>>,
    pub(super) kind: Kind,
}

impl Plan {
    pub(super) fn of(setting: &Setting) -> Self {
        let kinds = kinds(setting.workflow.assurance);
        let steps =
            setting.workflow.tasks.values().flat_map(|task| kinds.iter().map(|kind| (Some(task.clone()), *kind)));
        Self {
            actors: setting.actors().cloned().collect(),
            methods: methods(setting).into_iter().collect(),
            shown: std::iter::once((None, Kind::None)).chain(steps).collect(),
        }
    }

    /// How many attempts there are.
    pub(super) fn planned(&self) -> usize {
        [self.actors.len(), self.actors.len(), self.methods.len(), self.shown.len()]
            .into_iter()
            .fold(1, usize::saturating_mul)
    }

    /// How many of them are tried.
    pub(super) fn tried(&self) -> usize {
        self.planned().min(MAX_TRIED)
    }

    /// Those that are tried, in order: all, or a sample that is the same each time.
    pub(super) fn chosen(&self) -> Vec<usize> {
        spread(self.planned(), self.tried())
    }

    pub(super) fn case(&self, number: usize) -> Option<Case<'_>> {
        let (rest, (task, kind)) = digit(number, &self.shown)?;
        let (rest, method) = digit(rest, &self.methods)?;
        let (rest, to) = digit(rest, &self.actors)?;
        let (_, from) = digit(rest, &self.actors)?;
        Some(Case { from, to, method, task: task.as_ref(), kind: *kind })
    }
}

/// The last digit of a number whose digits are these, and what stands before it.
fn digit<T>(number: usize, digits: &[T]) -> Option<(usize, &T)> {
    let at = digits.get(number.checked_rem(digits.len())?)?;
    Some((number.checked_div(digits.len())?, at))
}

/// So many of `0..of`, in order. The list has periods (the methods, the kinds of a step), and a step of
/// even length through it could miss one of them for ever; one that has no divisor in common with the
/// whole, here near the golden section of it, meets every residue of every period equally often.
fn spread(of: usize, count: usize) -> Vec<usize> {
    if count >= of {
        return (0..of).collect();
    }
    let stride = (golden(of)..of).find(|stride| coprime(*stride, of)).unwrap_or(1);
    let mut chosen: Vec<usize> =
        std::iter::successors(Some(0_usize), |at| at.saturating_add(stride).checked_rem(of)).take(count).collect();
    chosen.sort_unstable();
    chosen
}

/// The golden section of a number.
fn golden(of: usize) -> usize {
    let section = u64::try_from(of).ok().map(|of| u128::from(of).saturating_mul(GOLDEN) >> 64);
    section.and_then(|section| usize::try_from(section).ok()).unwrap_or(1).max(1)
}

fn coprime(mut one: usize, mut other: usize) -> bool {
    while let Some(rest) = one.checked_rem(other) {
        (one, other) = (other, rest);
    }
    one == 1
}

/// GET, POST, and what the document names.
fn methods(setting: &Setting) -> BTreeSet<String> {
    let named = setting.workflow.tasks.values().flat_map(|task| &task.requests).flat_map(|r| &r.methods);
    named.map(|method| method.as_str().to_owned()).chain(["GET".to_owned(), "POST".to_owned()]).collect()
}

/// A plain step cannot be forged or expire, and names no instance.
fn kinds(assurance: Assurance) -> &'static [Kind] {
    match assurance {
        Assurance::Identity => &[Kind::Rightful],
        Assurance::Signed => &[Kind::Rightful, Kind::Forged, Kind::Expired, Kind::OtherHolder, Kind::OtherInstance],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A document of that many actors, each with one task, in a ring.
    fn plan(actors: usize) -> Plan {
        use std::fmt::Write;
        let mut text = String::from(
            "workflow: ring\nrevision: 1\ntrust_domain: ring.example\nassurance: signed\ndeadline: 1h\ntask_ttl: 10m\nactors:\n",
        );
        for n in 0..actors {
            writeln!(text, "  a{n}: {{spiffe: [ns/ring/sa/a{n}]}}").unwrap();
        }
        text.push_str("tasks:\n");
        for n in 0..actors {
            let initial = if n == 0 { ", initial: true" } else { "" };
            writeln!(text, "  t{n}: {{actor: a{n}{initial}, requests: [{{methods: [POST], path: /t{n}}}]}}").unwrap();
        }
        text.push_str("transitions:\n");
        for n in 1..actors {
            writeln!(text, "  - {{from: t{}, to: t{n}}}", n.saturating_sub(1)).unwrap();
        }
        Plan::of(&Setting::of(text.as_bytes()).unwrap())
    }

    #[test]
    fn a_small_document_is_tried_whole_and_in_order() {
        let plan = plan(3);
        // 9 pairs, GET and POST, no step or one of three tasks in five kinds.
        assert_eq!((plan.planned(), plan.tried()), (9 * 2 * 16, 9 * 2 * 16));
        assert_eq!(plan.chosen(), (0..288).collect::<Vec<_>>());
        let named: BTreeSet<String> = plan
            .chosen()
            .into_iter()
            .map(|n| plan.case(n).unwrap())
            .map(|c| format!("{} {} {} {:?} {:?}", c.from.name, c.to.name, c.method, c.task.map(|t| &t.name), c.kind))
            .collect();
        assert_eq!(named.len(), 288);
        assert!(plan.case(288).is_none_or(|case| case.from.name.as_str() == "a0"));
    }

    #[test]
    fn of_a_large_document_a_sample_meets_everything() {
        let plan = plan(40);
        assert_eq!((plan.planned(), plan.tried()), (40 * 40 * 2 * 201, 20_000));
        let chosen = plan.chosen();
        assert_eq!(chosen, plan.chosen(), "the same each time");
        assert_eq!(chosen.iter().collect::<BTreeSet<_>>().len(), 20_000);
        let cases: Vec<Case<'_>> = chosen.iter().map(|n| plan.case(*n).unwrap()).collect();
        let count = |one: &dyn Fn(&Case<'_>) -> String| cases.iter().map(one).collect::<BTreeSet<_>>().len();
        assert_eq!(count(&|c| format!("{} {}", c.from.name, c.to.name)), 40 * 40);
        assert_eq!(count(&|c| format!("{:?} {:?}", c.task.map(|t| &t.name), c.kind)), 201);
        let get = cases.iter().filter(|c| c.method == "GET").count();
        assert!((9_900..=10_100).contains(&get), "{get}");
    }

    #[test]
    fn a_sample_has_no_blind_spot_in_a_period() {
        for of in [20_001, 40_000, 65_536, 643_200, 1_000_003] {
            let chosen = spread(of, 20_000);
            assert_eq!(chosen.len(), 20_000);
            assert!(chosen.is_sorted_by(|a, b| a < b) && chosen.iter().all(|n| *n < of), "{of}");
            for period in [2, 5, 16, 201].iter().filter(|period| of.is_multiple_of(**period)) {
                let residues: BTreeSet<usize> = chosen.iter().map(|n| n % period).collect();
                assert_eq!(residues.len(), *period, "{of} by {period}");
            }
            // No hole much larger than the mean distance.
            let hole = chosen.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
            assert!(hole <= 4 * of.div_ceil(20_000), "{of}: {hole}");
        }
    }
}
