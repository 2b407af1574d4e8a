//! What came of it, by kind of attempt.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::super::journey::{Hop, Journey};
use super::super::plan::Plan;
use super::super::report::labels;
use super::super::table::table;
use super::super::trial::Trial;
use super::super::wrong;

/// What was tried, and what came of it.
#[derive(Debug)]
pub struct Findings {
    /// Every kind of attempt that the lab knows, also those of which there are none here.
    pub kinds: Vec<Tried>,
    /// Hops of whole instances.
    pub hops: usize,
    /// Attempts that there are.
    pub planned: usize,
    /// What was not as the document says, in words. Empty: all was.
    pub wrong: Vec<String>,
}

/// A kind of attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// Its name.
    pub name: &'static str,
    /// How many there were.
    pub tried: usize,
    /// How many reached an application.
    pub reached: usize,
    /// How many of those were written anew on the way, so that the application saw another path than was sent.
    pub rewritten: usize,
    /// How many were refused before any gate saw them.
    pub before_the_gate: usize,
    /// How many a gate refused with which code.
    pub codes: BTreeMap<String, usize>,
}

impl Findings {
    pub(super) fn of(plan: &Plan<'_>, journeys: &[Journey], trials: &[Trial]) -> Self {
        let mut by_name: BTreeMap<&str, Vec<&Trial>> = BTreeMap::new();
        for trial in trials {
            by_name.entry(trial.label.name).or_default().push(trial);
        }
        let none = Vec::new();
        let kinds = labels().into_iter().map(|l| Tried::of(l.name, by_name.get(l.name).unwrap_or(&none))).collect();
        let hops: Vec<&Hop> = journeys.iter().flat_map(|journey| &journey.hops).collect();
        let wrong_hops = hops.iter().filter(|hop| !hop.right()).map(|hop| {
            format!(
                "`{}` of an instance: {} {}",
                hop.transition,
                hop.answer.status,
                hop.answer.code.as_deref().unwrap_or("")
            )
        });
        let wrong_trials = trials.iter().filter(|trial| !trial.right()).map(|trial| {
            let outcomes: Vec<String> = trial.outcomes().map(wrong::told).collect();
            format!("attempt {}, {}: {}", trial.number, trial.label.name, outcomes.join("; "))
        });
        let wrong = wrong_hops.chain(wrong_trials).collect();
        Self { kinds, hops: hops.len(), planned: plan.planned(), wrong }
    }

    /// How many attempts were made.
    pub fn tried(&self) -> usize {
        self.kinds.iter().map(|kind| kind.tried).fold(0, usize::saturating_add)
    }

    /// For people: a line for each kind of which there were any.
    pub fn table(&self) -> String {
        let mut text = String::new();
        let rows = self.kinds.iter().filter(|kind| kind.tried > 0).map(|kind| {
            let codes: Vec<String> = kind.codes.iter().map(|(code, count)| format!("{code} {count}")).collect();
            let counts =
                [kind.tried, kind.reached, kind.rewritten, kind.before_the_gate].map(|count| count.to_string());
            std::iter::once(kind.name.to_owned()).chain(counts).chain([codes.join(", ")]).collect()
        });
        let head = ["attempt", "tried", "reached", "of these rewritten", "refused before the gate", "by the gate"];
        table(&mut text, &head, rows);
        let _ = writeln!(
            text,
            "{} of {} attempts, {} hops, {} wrong",
            self.tried(),
            self.planned,
            self.hops,
            self.wrong.len()
        );
        text
    }
}

impl Tried {
    fn of(name: &'static str, trials: &[&Trial]) -> Self {
        let count = |is: fn(&Trial) -> bool| trials.iter().filter(|trial| is(trial)).count();
        let mut codes = BTreeMap::new();
        for code in trials.iter().filter_map(|trial| trial.last.answer.code.clone()) {
            let count: &mut usize = codes.entry(code).or_default();
            *count = count.saturating_add(1);
        }
        Self {
            name,
            tried: trials.len(),
            reached: count(|trial| trial.last.answer.reached),
            rewritten: count(|trial| trial.last.rewritten),
            before_the_gate: count(|trial| trial.last.answer.before_the_gate),
            codes,
        }
    }
}
