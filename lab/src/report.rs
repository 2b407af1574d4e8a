//! What the lab found, for people: what is wrong first, then tables.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use stepgate_config::workflow::Assurance;

use super::attack::{self, Label, Stopped};
use super::coverage::{Coverage, grouped};
use super::expectation::Expected;
use super::grid;
use super::journey::{Hop, Journey};
use super::setting::Setting;
use super::table::{Paint, cut, table};
use super::trial::{Outcome, Trial};
use super::wrong;

/// A table of every actor with every other is for so many actors.
const MAX_PAIRED: usize = 16;

/// All that was tried, and what came of it.
pub(super) struct Report<'a> {
    pub(super) setting: &'a Setting,
    pub(super) journeys: Vec<Journey>,
    pub(super) trials: Vec<Trial>,
    pub(super) coverage: Coverage,
    pub(super) seed: u64,
    /// The document's name, as it was given.
    pub(super) name: String,
    /// Until every Envoy was ready.
    pub(super) ready: Duration,
    pub(super) whole: Duration,
}

impl Report<'_> {
    pub(super) fn all_right(&self) -> bool {
        self.hops().all(Hop::right) && self.trials.iter().all(Trial::right) && self.hops().next().is_some()
    }

    pub(super) fn hops(&self) -> impl Iterator<Item = &Hop> {
        self.journeys.iter().flat_map(|journey| &journey.hops)
    }

    pub(super) fn tables(&self, colour: bool) -> String {
        let paint = Paint(colour);
        let mut text = String::new();
        wrong::list(self, &mut text, &paint);
        self.instances(&mut text, &paint);
        self.pairs(&mut text, &paint);
        self.attacks(&mut text, &paint);
        self.verdict(&mut text, &paint);
        text
    }

    /// Each whole instance, hop by hop.
    fn instances(&self, text: &mut String, paint: &Paint) {
        for journey in &self.journeys {
            let workflow = &self.setting.workflow;
            let _ = writeln!(
                text,
                "\nan instance of {} (revision {}) from `{}`",
                workflow.name, workflow.revision, journey.start.name
            );
            let rows = journey.hops.iter().map(|hop| {
                let outcome = match (&hop.answer.code, hop.right()) {
                    (None, true) => paint.good("permitted"),
                    (Some(code), true) => paint.faint(&format!("denied {code}")),
                    _ => paint.bad(&cut(&format!(
                        "WRONG: status {} {}",
                        hop.answer.status,
                        hop.answer.code.as_deref().unwrap_or("")
                    ))),
                };
                vec![
                    hop.from.name.clone(),
                    hop.to.name.clone(),
                    format!("{} {}", hop.method, hop.path),
                    hop.transition.to_string(),
                    shown(hop.shown),
                    format!("{:.1} ms", hop.took.as_secs_f64() * 1000.0),
                    outcome,
                ]
            });
            table(text, &["from", "to", "request", "transition", "shows", "took", "answer"], rows);
        }
    }

    /// Who got through to whom, and how often in how many attempts.
    fn pairs(&self, text: &mut String, paint: &Paint) {
        let names: Vec<&str> = self.setting.cast.firsts().map(|member| member.actor.name.as_str()).collect();
        if names.len() > MAX_PAIRED {
            return;
        }
        let mut cells: BTreeMap<(&str, &str), (usize, usize, bool)> = BTreeMap::new();
        for trial in &self.trials {
            let Some(from) = trial.last.attempt.from.member() else { continue };
            let pair = (from.actor.name.as_str(), trial.last.attempt.to.actor.name.as_str());
            let cell = cells.entry(pair).or_default();
            cell.0 = cell.0.saturating_add(usize::from(trial.last.answer.reached));
            cell.1 = cell.1.saturating_add(1);
            cell.2 |= !trial.right();
        }
        let _ = writeln!(text, "\nattempts between every two actors: let through / tried");
        let rows = names.iter().map(|from| {
            let cell = |to: &&str| {
                let (through, tried, wrong) = cells.get(&(*from, *to)).copied().unwrap_or_default();
                let label = format!("{through}/{tried}");
                match (wrong, through) {
                    (true, _) => paint.bad(&format!("{label}!")),
                    (false, 0) => paint.faint(&label),
                    (false, _) => paint.good(&label),
                }
            };
            std::iter::once((*from).to_owned()).chain(names.iter().map(cell)).collect()
        });
        let heads: Vec<&str> = std::iter::once("from \\ to").chain(names.iter().copied()).collect();
        table(text, &heads, rows);
    }

    /// What each attack came to.
    fn attacks(&self, text: &mut String, paint: &Paint) {
        let _ = writeln!(text, "\nwhat was tried, and what stopped it");
        let mut by_name: BTreeMap<&str, Vec<&Trial>> = BTreeMap::new();
        for trial in &self.trials {
            by_name.entry(trial.label.name).or_default().push(trial);
        }
        let rows = labels().into_iter().filter_map(|label| {
            let of = by_name.get(label.name)?;
            let stopped = of.iter().filter(|trial| trial.stopped()).count();
            let wrong = of.iter().filter(|trial| !trial.right()).count();
            let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
            for trial in of {
                let code = answered(trial, self.setting.workflow.assurance);
                let count = codes.entry(code).or_default();
                *count = count.saturating_add(1);
            }
            let codes: Vec<String> = codes.iter().map(|(code, count)| format!("{code} {count}")).collect();
            let wrong = if wrong == 0 { "0".to_owned() } else { paint.bad(&wrong.to_string()) };
            Some(vec![label.name.to_owned(), of.len().to_string(), stopped.to_string(), wrong, codes.join(", ")])
        });
        table(text, &["attempt", "tried", "stopped", "wrong", "answers"], rows);
    }

    fn verdict(&self, text: &mut String, paint: &Paint) {
        let through = self.trials.iter().filter(|trial| trial.last.answer.reached).count();
        let denied = self.trials.len().saturating_sub(through);
        let line = if self.all_right() {
            paint.good("as the document says")
        } else {
            paint.bad(&format!("{} WRONG ANSWERS", self.wrong()))
        };
        let _ = writeln!(
            text,
            "\n{}\n{} of {} and {} ({through} let through, {denied} denied): {line}\nEnvoys ready after {:.1} s, done after {:.1} s",
            self.coverage.line(self.seed),
            count(self.hops().count(), "hop"),
            count(self.journeys.len(), "instance"),
            count(self.trials.len(), "attempt"),
            self.ready.as_secs_f64(),
            self.whole.as_secs_f64(),
        );
    }

    /// How many answers are wrong.
    pub(super) fn wrong(&self) -> usize {
        let trials = self.trials.iter().filter(|trial| !trial.right()).count();
        trials.saturating_add(self.hops().filter(|hop| !hop.right()).count())
    }
}

/// Everything that an attempt may be called, in order.
pub(super) fn labels() -> Vec<&'static Label> {
    grid::labels().into_iter().chain(attack::all().map(|attack| &attack.label)).collect()
}

/// The code of a denial; else what came through, and whether the level claims to stop it.
fn answered(trial: &Trial, level: Assurance) -> &str {
    let Outcome { answer, expected, .. } = &trial.last;
    match (&answer.code, expected) {
        (Some(code), _) => code,
        (None, _) if !answer.reached => "no answer of a gate",
        (None, Expected::Exempt) => "exempt, without the step",
        (None, _) if trial.label.stopped == Stopped::Rightful => "let through",
        (None, _) if trial.label.stopped == Stopped::Signed && level == Assurance::Identity => {
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
