//! The explanation as text.

use std::fmt::Write as _;

use stepgate_config::sizes::Sizes;
use stepgate_decision::token::TokenType;

use super::explanation::{Explanation, Outcome};
use super::instance::HeldStep;
use super::scenario::{PresentedStep, Scenario};
use crate::command::output::{BAD, FAINT, GOOD, STRONG, escape};
use crate::command::{names, next_transitions, time};

pub(super) fn render(file: &str, explained: &[(Scenario<'_>, Explanation)]) -> String {
    let mut text = String::new();
    for (number, (scenario, explanation)) in explained.iter().enumerate() {
        let Explanation { workflow, revision, .. } = explanation;
        let _ = match number {
            0 => writeln!(text, "{STRONG}{file}{STRONG:#}: workflow {workflow}, revision {revision}\n"),
            _ => writeln!(text, "\n{STRONG}Then{STRONG:#}:\n"),
        };
        facts(&mut text, scenario);
        text.push('\n');
        verdict(&mut text, explanation);
        new_step(&mut text, scenario, explanation);
        allowed(&mut text, explanation);
    }
    text
}

fn facts(text: &mut String, scenario: &Scenario<'_>) {
    let who = |id: &str| match names::roles_of(scenario.workflow, id) {
        Some(names) => format!("{names} ({})", escape(id)),
        None => format!("{} (not an actor of this workflow)", escape(id)),
    };
    row(text, "peer", &scenario.peer.as_deref().map_or_else(|| "none: no mTLS".into(), who));
    row(text, "self", &who(&scenario.own));
    let (method, path, host) = (escape(&scenario.method), escape(&scenario.path), escape(&scenario.host));
    let port = scenario.port.map(|port| format!(", port {port}")).unwrap_or_default();
    row(text, "request", &format!("{method} {path} (host {host}{port})"));
    for (name, value) in &scenario.further {
        row(text, "header", &format!("{}: {}", escape(name), escape(value)));
    }
    let step = match &scenario.step {
        PresentedStep::None => "none".into(),
        PresentedStep::Raw => "as given".into(),
        PresentedStep::Held(HeldStep { at: task, holder, token_type, .. }) => {
            let kind = if *token_type == TokenType::Receipt { "a receipt for " } else { "" };
            let note = if scenario.peer.as_ref() == Some(holder) { "" } else { ", not by the peer" };
            let holder = names::name_of(scenario.workflow, holder);
            let size = match Sizes::of(scenario.workflow).step(task) {
                0 => String::new(),
                most => format!(", at most {most} bytes"),
            };
            format!("{kind}{}, held by {holder}{note}{size}", task.name)
        }
    };
    row(text, "step", &step);
    row(text, "time", &time::rfc3339(scenario.now));
}

fn verdict(text: &mut String, explanation: &Explanation) {
    let (style, word) = match explanation.verdict {
        Outcome::Permit => (GOOD, "PERMIT"),
        Outcome::Exempt => (GOOD, "EXEMPT"),
        Outcome::Deny => (BAD, "DENY"),
    };
    let code = explanation.code.map(|code| format!(" {code}")).unwrap_or_default();
    let _ = writeln!(text, "{style}{word}{code}{style:#}: {}", escape(&explanation.reason));
    if explanation.observed {
        let _ = writeln!(text, "  The gate only observes: it logs this and lets the request pass.");
    }
}

/// The new step of a permit.
fn new_step(text: &mut String, scenario: &Scenario<'_>, explanation: &Explanation) {
    let Some(step) = &explanation.step else { return };
    let claim = |name: &str| step.get(name).and_then(|value| value.as_str());
    let number = |name: &str| step.get(name).and_then(serde_json::Value::as_u64);
    let task = step.pointer("/wf/task").and_then(|task| task.as_str());
    row(text, "new step", task.or(step.as_str()).unwrap_or_default());
    if let (Some(holder), Some(instance)) = (claim("sub"), claim("txn")) {
        row(text, "held by", &names::name_of(scenario.workflow, holder));
        row(text, "instance", instance);
    }
    for (label, name) in [("until", "exp"), ("deadline", "dl")] {
        if let Some(at) = number(name).map(stepgate_decision::UnixTime::from_seconds) {
            row(text, label, &format!("{} ({})", time::rfc3339(at), time::relative(at, scenario.now)));
        }
    }
    for (task, count) in step.get("visits").and_then(|visits| visits.as_object()).into_iter().flatten() {
        row(text, "visits", &format!("{task}: {count}"));
    }
    if explanation.answers_start {
        row(text, "answer", "a start token, for further transitions of the same instance");
    }
    if explanation.answers_receipt {
        row(text, "answer", "a receipt for the caller, if the performer succeeds");
    }
    for assumed in &explanation.assumed {
        row(text, "assumed", assumed);
    }
}

fn allowed(text: &mut String, explanation: &Explanation) {
    let is_permit = explanation.verdict == Outcome::Permit;
    if !explanation.expected.is_empty() {
        row(text, if is_permit { "waits for" } else { "expected" }, &names::listed(&explanation.expected));
    }
    let lines = next_transitions::lines(&explanation.allowed);
    let _ = match (&explanation.at, explanation.allowed.as_slice()) {
        (_, []) => match &explanation.none_open {
            Some(why) => writeln!(text, "\nNo transition is open: {why}"),
            None => Ok(()),
        },
        _ if is_permit => write!(text, "\nNext transitions:\n{lines}"),
        (Some(at), _) => write!(text, "\nFrom `{at}`:\n{lines}"),
        (None, _) => write!(text, "\nAn instance begins with one of these:\n{lines}"),
    };
}

fn row(text: &mut String, label: &str, value: &str) {
    let _ = writeln!(text, "  {FAINT}{label:<9}{FAINT:#} {value}");
}
