//! The report for machines: every request.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use stepgate_config::name::TaskName;
use stepgate_config::unmeant::{Unmeant, Way};
use stepgate_config::workflow::Split;

use super::plan::labels;
use super::report::Report;
use super::runner::{CaseResult, Outcome};
use super::unreached::{Unreached, Why};
use super::walk::Hop;

/// The whole report.
pub(super) fn json(report: &Report<'_>) -> String {
    let workflow = &report.fixture.workflow;
    let instances: Vec<Value> = report
        .walks
        .iter()
        .map(|walk| json!({
            "start": walk.start.name.as_str(), "hops": walk.hops.iter().map(hop).collect::<Vec<_>>(), "cut": walk.cut,
        }))
        .collect();
    let coverage = &report.coverage;
    let part = |part: super::coverage::Part| json!({"tried": part.tried, "of": part.of});
    let tried: BTreeSet<&str> = report.cases.iter().map(|case| case.label.name).collect();
    let kinds = labels().into_iter().filter(|label| tried.contains(label.name)).map(|label| {
        let stops = label.stopped.at(workflow.assurance);
        json!({"kind": label.name, "tries": label.tries, "claimed_to_be_stopped": stops})
    });
    let value = json!({
        "workflow": workflow.name.as_str(),
        "revision": workflow.revision,
        "digest": workflow.digest.as_str(),
        "seed": report.seed,
        "seconds_ahead": report.fixture.circumstances.ahead(),
        "headers": report.fixture.circumstances.headers,
        "query": report.fixture.circumstances.query,
        "workloads": report.fixture.workloads.all().map(|one| json!({
            "name": one.name, "actor": one.actor.name.as_str(), "spiffe": one.id.as_str(),
        })).collect::<Vec<_>>(),
        "instances": instances,
        "planned": coverage.planned,
        "tried": coverage.tried,
        "coverage": {"pairs": part(coverage.pairs), "steps": part(coverage.steps), "attacks": part(coverage.attacks)},
        "kinds": kinds.collect::<Vec<_>>(),
        "cases": report.cases.iter().map(case).collect::<Vec<_>>(),
        "never_reached": unreached(&report.unreached()),
        "perhaps_not_meant": Unmeant::of(workflow).as_ref().map(unmeant),
        "right": report.all_right(),
    });
    format!("{value:#}\n")
}

fn unreached(unreached: &Unreached) -> Value {
    let why = |why: &BTreeSet<Why>| -> Vec<&str> { why.iter().map(|why| why.word()).collect() };
    let transitions = unreached.transitions.iter().map(|(name, w)| json!({"transition": name, "why": why(w)}));
    let tasks = unreached.tasks.iter().map(|(name, w)| json!({"task": name.as_str(), "why": why(w)}));
    json!({"transitions": transitions.collect::<Vec<_>>(), "tasks": tasks.collect::<Vec<_>>()})
}

fn unmeant(unmeant: &Unmeant<'_>) -> Value {
    let names = |tasks: &[&TaskName]| -> Vec<String> { tasks.iter().map(ToString::to_string).collect() };
    // Without a number: more often than can be counted.
    let times = |times: u64| (times < u64::MAX).then_some(times);
    let often = unmeant.often.iter().map(|one| json!({"task": one.task.as_str(), "times": times(one.times)}));
    let way = |way: &Way<'_>| json!({"tasks": names(&way.to), "then": names(&way.then)});
    let choices = unmeant
        .choices
        .iter()
        .map(|one| json!({
            "after": one.after.as_str(), "split": one.split.map(Split::as_str), "ways": one.ways.iter().map(way).collect::<Vec<_>>(),
        }));
    json!({
        "more_than_once": often.collect::<Vec<_>>(), "together": choices.collect::<Vec<_>>(),
        "not_looked_at": unmeant.left_out,
    })
}

fn hop(hop: &Hop) -> Value {
    json!({
        "from": hop.from.name, "to": hop.to.name,
        "method": hop.method, "path": hop.path, "transition": hop.transition.to_string(), "tokens": hop.shown,
        "status": hop.answer.status, "code": hop.answer.code, "reached": hop.answer.reached, "right": hop.right,
    })
}

/// An attempt: its last request, and those before it, if any.
fn case(result: &CaseResult) -> Value {
    let mut case = outcome(&result.last);
    if let Some(members) = case.as_object_mut() {
        members.insert("number".into(), result.number.into());
        members.insert("kind".into(), result.label.name.into());
        members.insert("subject".into(), result.subject.clone().into());
        members.insert("right".into(), result.right().into());
        if let Some(code) = result.untried {
            members.insert("not_tried".into(), code.into());
        }
        if !result.before.is_empty() {
            members.insert("before".into(), result.before.iter().map(outcome).collect());
        }
    }
    case
}

fn outcome(outcome: &Outcome) -> Value {
    let Outcome { attempt, expected, answer, .. } = outcome;
    json!({
        "from": attempt.from.name(), "to": attempt.to.name, "method": attempt.method, "path": attempt.target(),
        "document": expected.said(), "expected_code": expected.code(),
        "status": answer.status, "code": answer.code, "reached": answer.reached, "right": outcome.right(),
    })
}
