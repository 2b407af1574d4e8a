//! The report for people.

use std::collections::BTreeMap;
use std::fmt::Write;

use stepgate_config::unmeant::Unmeant;
use stepgate_config::workflow::Assurance;

use super::attack::Stopped;
use super::coverage::grouped;
use super::expected::Expected;
use super::failures;
use super::plan::labels;
use super::report::Report;
use super::runner::{CaseResult, Outcome};
use super::table::{Tone, table};
use super::walk::MAX_HOPS;

/// With more actors there is no table of every actor with every other.
const MAX_PAIRED: usize = 16;

impl Report<'_> {
    /// For people: wrong answers first, then tables.
    pub(super) fn tables(&self, colour: bool, all_rows: bool) -> String {
        let mut text = String::new();
        failures::list(self, &mut text, colour);
        self.instances(&mut text, colour);
        if !self.cases.is_empty() {
            self.pairs(&mut text, colour);
            self.attacks(&mut text, colour, all_rows);
        }
        self.unmeant(&mut text);
        self.verdict(&mut text, colour);
        text
    }

    /// Each whole instance, hop by hop.
    fn instances(&self, text: &mut String, colour: bool) {
        for walk in &self.walks {
            let workflow = &self.fixture.workflow;
            let _ = writeln!(
                text,
                "\nan instance of {} (revision {}) from `{}`",
                workflow.name, workflow.revision, walk.start.name
            );
            let rows = walk.hops.iter().map(|hop| {
                let outcome = match (&hop.answer.code, hop.right) {
                    (None, true) => Tone::Good.cell("permitted"),
                    (Some(code), true) => Tone::Faint.cell(format!("denied {code}")),
                    (code, false) => {
                        let code = code.as_deref().unwrap_or_default();
                        Tone::Bad.cell(format!("WRONG: status {} {code}", hop.answer.status))
                    }
                };
                let cells = [
                    hop.from.name.clone(),
                    hop.to.name.clone(),
                    format!("{} {}", hop.method, hop.path),
                    hop.transition.to_string(),
                    shown(hop.shown),
                    format!("{:.1} ms", hop.took.as_secs_f64() * 1000.0),
                ];
                cells.map(|text| Tone::Plain.cell(text)).into_iter().chain([outcome]).collect()
            });
            let heads = ["from", "to", "request", "transition", "shows", "took", "answer"];
            text.push_str(&table(&heads, rows, colour));
            if walk.cut {
                let _ = writeln!(text, "  {}", Tone::Bad.paint(&format!("cut after {MAX_HOPS} hops"), colour));
            }
        }
    }

    /// What the document allows one instance beyond the usual reading.
    fn unmeant(&self, text: &mut String) {
        let Some(unmeant) = Unmeant::of(&self.fixture.workflow) else {
            let _ = writeln!(
                text,
                "\nallowed, perhaps not meant: any task any number of times, since `identity` counts nothing"
            );
            return;
        };
        let often = unmeant.often.iter().map(|often| format!("enter {often}"));
        let choices = unmeant.choices.iter().map(|choice| format!("take, {choice}"));
        let more = (unmeant.left_out > 0).then(|| format!("take several ways out of {} more tasks", unmeant.left_out));
        for (at, line) in often.chain(choices).chain(more).enumerate() {
            if at == 0 {
                let _ = writeln!(text, "\nallowed, perhaps not meant: one instance may");
            }
            let _ = writeln!(text, "  {line}");
        }
    }

    /// Who got through to whom, and how often in how many attempts.
    fn pairs(&self, text: &mut String, colour: bool) {
        let names: Vec<&str> = self.fixture.workloads.firsts().map(|one| one.actor.name.as_str()).collect();
        if names.len() > MAX_PAIRED {
            return;
        }
        let mut cells: BTreeMap<(&str, &str), (usize, usize, bool)> = BTreeMap::new();
        for case in self.cases.iter().filter(|case| case.untried.is_none()) {
            let Some(from) = case.last.attempt.from.workload() else { continue };
            let pair = (from.actor.name.as_str(), case.last.attempt.to.actor.name.as_str());
            let cell = cells.entry(pair).or_default();
            cell.0 = cell.0.saturating_add(usize::from(case.last.answer.reached));
            cell.1 = cell.1.saturating_add(1);
            cell.2 |= !case.right();
        }
        let _ = writeln!(text, "\nattempts between every two actors: let through / tried");
        let rows = names.iter().map(|from| {
            let cell = |to: &&str| {
                let (through, tried, wrong) = cells.get(&(*from, *to)).copied().unwrap_or_default();
                let label = format!("{through}/{tried}");
                match (wrong, through) {
                    (true, _) => Tone::Bad.cell(format!("{label}!")),
                    (false, 0) => Tone::Faint.cell(label),
                    (false, _) => Tone::Good.cell(label),
                }
            };
            std::iter::once(Tone::Plain.cell(from)).chain(names.iter().map(cell)).collect()
        });
        let heads: Vec<&str> = std::iter::once("from \\ to").chain(names.iter().copied()).collect();
        text.push_str(&table(&heads, rows, colour));
    }

    /// The answers to each kind of attempt; unless all are asked for, only of kinds of which some reached an application.
    fn attacks(&self, text: &mut String, colour: bool, all_rows: bool) {
        let _ = writeln!(text, "\nwhat was tried, and what stopped it");
        let mut by_name: BTreeMap<&str, Vec<&CaseResult>> = BTreeMap::new();
        for case in &self.cases {
            by_name.entry(case.label.name).or_default().push(case);
        }
        let (mut hidden, mut of_hidden) = (0_usize, 0_usize);
        let rows = labels().into_iter().filter_map(|label| {
            let of = by_name.get(label.name)?;
            let tried = of.iter().filter(|case| case.untried.is_none()).count();
            let stopped = of.iter().filter(|case| case.stopped()).count();
            let wrong = of.iter().filter(|case| !case.right()).count();
            if !all_rows && wrong == 0 && stopped == of.len() {
                hidden = hidden.saturating_add(1);
                of_hidden = of_hidden.saturating_add(of.len());
                return None;
            }
            let mut codes: BTreeMap<String, usize> = BTreeMap::new();
            for case in of {
                let level = self.fixture.workflow.assurance;
                let code =
                    case.untried.map_or_else(|| answered(case, level).into(), |why| format!("not tried ({why})"));
                let count = codes.entry(code).or_default();
                *count = count.saturating_add(1);
            }
            let codes: Vec<String> = codes.iter().map(|(code, count)| format!("{code} {count}")).collect();
            let wrong = if wrong == 0 { Tone::Plain.cell(0) } else { Tone::Bad.cell(wrong) };
            let plain = |text: String| Tone::Plain.cell(text);
            let [tried, stopped] = [tried, stopped].map(|count| plain(count.to_string()));
            Some(vec![plain(label.name.to_owned()), tried, stopped, wrong, plain(codes.join(", "))])
        });
        text.push_str(&table(&["attempt", "tried", "stopped", "wrong", "answers"], rows, colour));
        if hidden > 0 {
            let (kinds, attempts) = (count(hidden, "other kind"), count(of_hidden, "attempt"));
            let _ = writeln!(text, "  {kinds} of attempt, {attempts}: all stopped (`--all-rows` lists them)");
        }
    }

    fn verdict(&self, text: &mut String, colour: bool) {
        let unreached = self.unreached();
        if !unreached.is_empty() {
            let lines: Vec<String> = unreached.lines().iter().map(|line| Tone::Bad.paint(line, colour)).collect();
            let _ = writeln!(text, "\nnever reached by an instance:\n  {}", lines.join("\n  "));
        }
        let through = self.cases.iter().filter(|case| case.last.answer.reached).count();
        let denied = self.cases.len().saturating_sub(through);
        let line = if self.all_right() {
            let more = if unreached.is_empty() { "" } else { "; not all of it was reached" };
            Tone::Good.paint(&format!("as the document says{more}"), colour)
        } else {
            Tone::Bad.paint(&format!("{} WRONG ANSWERS", self.wrong()), colour)
        };
        let _ = writeln!(
            text,
            "\n{}{} of {} and {} ({through} let through, {denied} denied): {line}\nEnvoys ready after {:.1} s, done after {:.1} s",
            if self.cases.is_empty() { String::new() } else { format!("{}\n", self.coverage.line(self.seed)) },
            count(self.hops().count(), "hop"),
            count(self.walks.len(), "instance"),
            count(self.cases.len(), "attempt"),
            self.ready.as_secs_f64(),
            self.whole.as_secs_f64(),
        );
    }
}

/// The code of a denial; else what came through, and whether the level claims to stop it.
fn answered(case: &CaseResult, level: Assurance) -> &str {
    let Outcome { answer, expected, .. } = &case.last;
    match (&answer.code, expected) {
        (Some(code), _) => code,
        (None, _) if !answer.reached => "no answer of a gate",
        (None, Expected::Exempt) => "exempt, without the step",
        (None, _) if case.label.stopped == Stopped::Honest => "let through",
        (None, _) if case.label.stopped == Stopped::Signed && level == Assurance::Identity => {
            "not stopped at `identity`"
        }
        (None, _) => "not stopped at any level",
    }
}

fn shown(tokens: usize) -> String {
    match tokens {
        0 => "nothing".into(),
        1 => "1 step".into(),
        several => format!("{several} steps"),
    }
}

fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{} {one}s", grouped(number)) }
}
