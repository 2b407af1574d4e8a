//! The findings, by kind of attempt.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::failures::{describe, describe_hop};
use crate::plan::{Plan, labels};
use crate::runner::CaseResult;
use crate::table::{Tone, table};
use crate::walk::{Hop, Walk};

/// All that was tried, and the answers.
#[derive(Debug)]
pub struct Findings {
    /// Every kind of attempt that the lab knows, including those that do not apply here.
    pub kinds: Vec<Tried>,
    /// Hops of whole instances.
    pub hops: usize,
    /// Attempts that there are.
    pub planned: usize,
    /// The answers that are not what the document says, in words.
    pub wrong: Vec<String>,
}

/// A kind of attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// Its name.
    pub name: &'static str,
    /// How many there were.
    pub tried: usize,
    /// How many more were sent and tried nothing, since an honest request would be refused alike.
    pub untried: usize,
    /// How many reached an application.
    pub reached: usize,
    /// How many of those were rewritten on the way, so that the application saw another path than was sent.
    pub rewritten: usize,
    /// How many were refused before any gate saw them.
    pub before_the_gate: usize,
    /// How many a gate refused with which code.
    pub codes: BTreeMap<String, usize>,
}

impl Findings {
    pub(super) fn of(plan: &Plan<'_>, walks: &[Walk], cases: &[CaseResult]) -> Self {
        let mut by_name: BTreeMap<&str, Vec<&CaseResult>> = BTreeMap::new();
        for case in cases {
            by_name.entry(case.label.name).or_default().push(case);
        }
        let none = Vec::new();
        let kinds = labels().into_iter().map(|l| Tried::of(l.name, by_name.get(l.name).unwrap_or(&none))).collect();
        let hops: Vec<&Hop> = walks.iter().flat_map(|walk| &walk.hops).collect();
        let wrong_hops = hops.iter().filter(|hop| !hop.right).map(|hop| describe_hop(hop));
        let wrong_cases = cases.iter().filter(|case| !case.right()).map(|case| {
            let outcomes: Vec<String> = case.outcomes().map(describe).collect();
            format!("attempt {}, {}: {}", case.number, case.label.name, outcomes.join("; "))
        });
        let wrong = wrong_hops.chain(wrong_cases).collect();
        Self { kinds, hops: hops.len(), planned: plan.planned(), wrong }
    }

    /// How many attempts were made.
    pub fn tried(&self) -> usize {
        self.kinds.iter().map(|kind| kind.tried).fold(0, usize::saturating_add)
    }

    /// For people: a line for each kind of which there were any.
    pub fn table(&self) -> String {
        let rows = self.kinds.iter().filter(|kind| kind.tried > 0 || kind.untried > 0).map(|kind| {
            let codes: Vec<String> = kind.codes.iter().map(|(code, count)| format!("{code} {count}")).collect();
            let counts = [kind.tried, kind.untried, kind.reached, kind.rewritten, kind.before_the_gate]
                .map(|count| count.to_string());
            let cells = std::iter::once(kind.name.to_owned()).chain(counts).chain([codes.join(", ")]);
            cells.map(|text| Tone::Plain.cell(text)).collect()
        });
        let head = [
            "attempt",
            "tried",
            "not tried",
            "reached",
            "of these rewritten",
            "refused before the gate",
            "by the gate",
        ];
        let mut text = table(&head, rows, false);
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
    fn of(name: &'static str, cases: &[&CaseResult]) -> Self {
        let count = |is: fn(&CaseResult) -> bool| cases.iter().filter(|case| is(case)).count();
        let mut codes = BTreeMap::new();
        for code in cases.iter().filter_map(|case| case.last.answer.code.clone()) {
            let count: &mut usize = codes.entry(code).or_default();
            *count = count.saturating_add(1);
        }
        Self {
            name,
            tried: count(|case| case.untried.is_none()),
            untried: count(|case| case.untried.is_some()),
            reached: count(|case| case.last.answer.reached),
            rewritten: count(|case| case.last.rewritten),
            before_the_gate: count(|case| case.last.answer.before_the_gate),
            codes,
        }
    }
}
