//! The account as people read it.

use std::fmt::Write as _;

use stepgate_decision::token::TokenType;

use super::account::{Account, Decided};
use super::scene::{Scene, Shown};
use crate::command::output::{BAD, FAINT, GOOD, STRONG, plain};
use crate::command::{names, time, ways};

pub(super) fn tell(file: &str, scene: &Scene<'_>, account: &Account) -> String {
    let mut text =
        format!("{STRONG}{file}{STRONG:#}: workflow {}, revision {}\n\n", account.workflow, account.revision);
    facts(&mut text, scene);
    text.push('\n');
    verdict(&mut text, account);
    reached(&mut text, scene, account);
    allowed(&mut text, account);
    text
}

fn facts(text: &mut String, scene: &Scene<'_>) {
    let who = |id: &str| match names::actor_of(scene.workflow, id) {
        Some(actor) => format!("{} ({})", actor.name, plain(id)),
        None => format!("{} (no actor of this workflow)", plain(id)),
    };
    row(text, "peer", &scene.peer.as_deref().map_or_else(|| "nobody: no mTLS".into(), who));
    row(text, "self", &who(&scene.own));
    row(text, "request", &format!("{} {} (host {})", plain(scene.method), plain(scene.path), plain(&scene.host)));
    for (name, value) in scene.further {
        row(text, "header", &format!("{}: {}", plain(name), plain(value)));
    }
    let step = match &scene.step {
        Shown::Nothing => "none".into(),
        Shown::Raw => "as given".into(),
        Shown::Rightful(held) => {
            let what = if held.token_type == TokenType::Receipt { "a receipt for " } else { "" };
            let thief = if scene.peer.as_deref() == Some(held.holder.as_str()) { "" } else { ", not by the peer" };
            let holder = names::actor_of(scene.workflow, held.holder.as_str());
            let holder = holder.map_or_else(|| held.holder.to_string(), |actor| actor.name.to_string());
            format!("{what}{}, held by {holder}{thief}", held.task.name)
        }
    };
    row(text, "step", &step);
    row(text, "time", &time::rfc3339(scene.now));
}

fn verdict(text: &mut String, account: &Account) {
    let (style, word) = match account.verdict {
        Decided::Permit => (GOOD, "PERMIT"),
        Decided::Exempt => (GOOD, "EXEMPT"),
        Decided::Deny => (BAD, "DENY"),
    };
    let code = account.code.map(|code| format!(" {code}")).unwrap_or_default();
    let _ = writeln!(text, "{style}{word}{code}{style:#}: {}", plain(&account.reason));
    if account.observed {
        let _ = writeln!(text, "  The gate only observes: it writes this to its log and lets the request through.");
    }
}

/// What a permit brings.
fn reached(text: &mut String, scene: &Scene<'_>, account: &Account) {
    let Some(step) = &account.step else { return };
    let claim = |name: &str| step.get(name).and_then(|value| value.as_str());
    let number = |name: &str| step.get(name).and_then(serde_json::Value::as_u64);
    let task = step.pointer("/wf/task").and_then(|task| task.as_str());
    row(text, "new step", task.or(step.as_str()).unwrap_or_default());
    if let (Some(holder), Some(instance)) = (claim("sub"), claim("txn")) {
        let holder = names::actor_of(scene.workflow, holder).map_or(holder, |actor| actor.name.as_str());
        row(text, "held by", holder);
        row(text, "instance", instance);
    }
    for (what, name) in [("until", "exp"), ("deadline", "dl")] {
        if let Some(at) = number(name).map(stepgate_decision::UnixTime::from_seconds) {
            row(text, what, &format!("{} ({})", time::rfc3339(at), time::relative(at, scene.now)));
        }
    }
    for (task, count) in step.get("visits").and_then(|visits| visits.as_object()).into_iter().flatten() {
        row(text, "visits", &format!("{task}: {count}"));
    }
    if account.answers_start {
        row(text, "answer", "a start token, for further transitions of the same instance");
    }
    if account.answers_receipt {
        row(text, "answer", "a receipt for the caller, if the performer answers well");
    }
}

fn allowed(text: &mut String, account: &Account) {
    if account.goes_on() {
        return;
    }
    if !account.expected.is_empty() {
        let expected: Vec<&str> = account.expected.iter().map(String::as_str).collect();
        row(text, "expected", &names::listed(&expected));
    }
    match (&account.at, account.allowed.as_slice()) {
        (Some(at), []) => {
            let _ = writeln!(text, "\nNothing leaves `{at}`: the instance has come to an end there.");
        }
        (None, []) => {}
        (Some(at), ways) => {
            let _ = write!(text, "\nFrom `{at}`:\n{}", ways::lines(ways));
        }
        (None, ways) => {
            let _ = write!(text, "\nAn instance may begin so:\n{}", ways::lines(ways));
        }
    }
}

fn row(text: &mut String, what: &str, value: &str) {
    let _ = writeln!(text, "  {FAINT}{what:<9}{FAINT:#} {value}");
}
