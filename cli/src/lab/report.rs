//! What the lab found: tables for people, every case for machines.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use serde_json::{Value, json};

use super::expectation::Expected;
use super::journey::{Hop, Journey};
use super::setting::Setting;
use super::table::{Paint, cut, table};
use super::trial::{Kind, Trial};

/// Most wrong answers that the tables list.
const MAX_LISTED: usize = 40;

/// All that was tried, and what came of it.
pub(super) struct Report<'a> {
    pub(super) setting: &'a Setting,
    pub(super) journeys: Vec<Journey>,
    pub(super) trials: Vec<Trial>,
    /// How many attempts there would be; of many only some are tried.
    pub(super) planned: usize,
    /// Until every Envoy was ready.
    pub(super) ready: Duration,
    pub(super) whole: Duration,
}

impl Report<'_> {
    pub(super) fn all_right(&self) -> bool {
        self.hops().all(Hop::right) && self.trials.iter().all(Trial::right) && self.hops().next().is_some()
    }

    fn hops(&self) -> impl Iterator<Item = &Hop> {
        self.journeys.iter().flat_map(|journey| &journey.hops)
    }

    pub(super) fn tables(&self, colour: bool) -> String {
        let paint = Paint(colour);
        let mut text = String::new();
        self.instances(&mut text, &paint);
        self.pairs(&mut text, &paint);
        self.kinds(&mut text, &paint);
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
                    hop.from.name.to_string(),
                    hop.transition.to.performer.name.to_string(),
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
        let names: Vec<&str> = self.setting.actors().map(|actor| actor.name.as_str()).collect();
        let mut cells: BTreeMap<(&str, &str), (usize, usize, bool)> = BTreeMap::new();
        for trial in &self.trials {
            let cell = cells.entry((trial.attempt.from.name.as_str(), trial.attempt.to.name.as_str())).or_default();
            cell.0 = cell.0.saturating_add(usize::from(trial.answer.reached));
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

    /// What each kind of step came to.
    fn kinds(&self, text: &mut String, paint: &Paint) {
        let _ = writeln!(text, "\nby the step that was shown");
        let rows = Kind::ALL.iter().filter_map(|kind| {
            let of: Vec<&Trial> = self.trials.iter().filter(|trial| trial.kind == *kind).collect();
            if of.is_empty() {
                return None;
            }
            let through = of.iter().filter(|trial| trial.answer.reached).count();
            let wrong = of.iter().filter(|trial| !trial.right()).count();
            let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
            for code in of.iter().filter_map(|trial| trial.answer.code.as_deref()) {
                let count = codes.entry(code).or_default();
                *count = count.saturating_add(1);
            }
            let codes: Vec<String> = codes.iter().map(|(code, count)| format!("{code} {count}")).collect();
            let wrong = if wrong == 0 { "0".to_owned() } else { paint.bad(&wrong.to_string()) };
            Some(vec![kind.name().to_owned(), of.len().to_string(), through.to_string(), wrong, codes.join(", ")])
        });
        table(text, &["step", "tried", "let through", "wrong", "denied"], rows);
    }

    fn verdict(&self, text: &mut String, paint: &Paint) {
        let wrong: Vec<&Trial> = self.trials.iter().filter(|trial| !trial.right()).collect();
        for trial in wrong.iter().take(MAX_LISTED) {
            let _ = writeln!(
                text,
                "{} {} -> {}: {} {} with {} step{}: the document says {}, the answer was {} {}",
                paint.bad("wrong"),
                trial.attempt.from.name,
                trial.attempt.to.name,
                trial.attempt.method,
                trial.attempt.path,
                trial.kind.name(),
                trial.task.as_ref().map(|task| format!(" `{}`", task.name)).unwrap_or_default(),
                said(trial),
                trial.answer.status,
                trial.answer.code.as_deref().unwrap_or(""),
            );
        }
        let hops = count(self.hops().count(), "hop");
        let through = self.trials.iter().filter(|trial| trial.answer.reached).count();
        let denied = self.trials.len().saturating_sub(through);
        let line = if self.all_right() {
            paint.good("as the document says")
        } else {
            paint.bad(&format!(
                "{} WRONG ANSWERS",
                wrong.len().saturating_add(self.hops().filter(|hop| !hop.right()).count())
            ))
        };
        let _ = writeln!(
            text,
            "\n{hops} of {} and {} ({through} let through, {denied} denied): {line}\nEnvoys ready after {:.1} s, done after {:.1} s",
            count(self.journeys.len(), "instance"),
            tried(self.trials.len(), self.planned),
            self.ready.as_secs_f64(),
            self.whole.as_secs_f64(),
        );
    }

    pub(super) fn json(&self) -> String {
        let workflow = &self.setting.workflow;
        let instances: Vec<Value> = self
            .journeys
            .iter()
            .map(|journey| json!({"start": journey.start.name.as_str(), "hops": journey.hops.iter().map(hop).collect::<Vec<_>>()}))
            .collect();
        let value = json!({
            "workflow": workflow.name.as_str(),
            "revision": workflow.revision,
            "digest": workflow.digest.as_str(),
            "instances": instances,
            "planned": self.planned,
            "tried": self.trials.len(),
            "cases": self.trials.iter().map(case).collect::<Vec<_>>(),
            "right": self.all_right(),
        });
        format!("{value:#}\n")
    }
}

fn hop(hop: &Hop) -> Value {
    json!({
        "from": hop.from.name.as_str(), "to": hop.transition.to.performer.name.as_str(),
        "method": hop.method, "path": hop.path, "transition": hop.transition.to_string(), "tokens": hop.shown,
        "status": hop.answer.status, "code": hop.answer.code, "reached": hop.answer.reached, "right": hop.right(),
    })
}

fn case(trial: &Trial) -> Value {
    json!({
        "from": trial.attempt.from.name.as_str(), "to": trial.attempt.to.name.as_str(),
        "method": trial.attempt.method, "path": trial.attempt.path,
        "step": trial.task.as_ref().map(|task| task.name.as_str()), "kind": trial.kind.name(),
        "document": said(trial), "expected_code": trial.code,
        "status": trial.answer.status, "code": trial.answer.code, "reached": trial.answer.reached, "right": trial.right(),
    })
}

fn said(trial: &Trial) -> String {
    match &trial.expected {
        Expected::Permit(transition) => format!("`{transition}`"),
        Expected::Depends(transition) => format!("`{transition}` if its conditions hold"),
        Expected::Deny => "no transition".to_owned(),
    }
}

fn shown(tokens: usize) -> String {
    match tokens {
        0 => "nothing".into(),
        1 => "1 step".into(),
        several => format!("{several} steps"),
    }
}

/// `4508 attempts`, or of how many.
pub(super) fn tried(tried: usize, planned: usize) -> String {
    if tried == planned {
        return count(tried, "attempt");
    }
    format!("{tried} of {}, evenly spread", count(planned, "attempt"))
}

fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}
