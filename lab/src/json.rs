//! The report for machines: every request.

use serde_json::{Value, json};

use super::plan::labels;
use super::report::Report;
use super::runner::{CaseResult, Outcome};
use super::walk::Hop;

/// The whole report.
pub(super) fn json(report: &Report<'_>) -> String {
    let workflow = &report.fixture.workflow;
    let instances: Vec<Value> = report
        .walks
        .iter()
        .map(|walk| json!({"start": walk.start.name.as_str(), "hops": walk.hops.iter().map(hop).collect::<Vec<_>>()}))
        .collect();
    let coverage = &report.coverage;
    let part = |part: super::coverage::Part| json!({"tried": part.tried, "of": part.of});
    let tried: std::collections::BTreeSet<&str> = report.cases.iter().map(|case| case.label.name).collect();
    let kinds = labels().into_iter().filter(|label| tried.contains(label.name)).map(|label| {
        let stops = label.stopped.at(workflow.assurance);
        json!({"kind": label.name, "tries": label.tries, "claimed_to_be_stopped": stops})
    });
    let value = json!({
        "workflow": workflow.name.as_str(),
        "revision": workflow.revision,
        "digest": workflow.digest.as_str(),
        "seed": report.seed,
        "workloads": report.fixture.workloads.all().map(|one| json!({
            "name": one.name, "actor": one.actor.name.as_str(), "spiffe": one.id.as_str(),
        })).collect::<Vec<_>>(),
        "instances": instances,
        "planned": coverage.planned,
        "tried": coverage.tried,
        "coverage": {"pairs": part(coverage.pairs), "steps": part(coverage.steps), "attacks": part(coverage.attacks)},
        "kinds": kinds.collect::<Vec<_>>(),
        "cases": report.cases.iter().map(case).collect::<Vec<_>>(),
        "right": report.all_right(),
    });
    format!("{value:#}\n")
}

fn hop(hop: &Hop) -> Value {
    json!({
        "from": hop.from.name, "to": hop.to.name,
        "method": hop.method, "path": hop.path, "transition": hop.transition.to_string(), "tokens": hop.shown,
        "status": hop.answer.status, "code": hop.answer.code, "reached": hop.answer.reached, "right": hop.right(),
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
        if !result.before.is_empty() {
            members.insert("before".into(), result.before.iter().map(outcome).collect());
        }
    }
    case
}

fn outcome(outcome: &Outcome) -> Value {
    let Outcome { attempt, expected, answer, .. } = outcome;
    json!({
        "from": attempt.from.name(), "to": attempt.to.name, "method": attempt.method, "path": attempt.path,
        "document": expected.said(), "expected_code": expected.code(),
        "status": answer.status, "code": answer.code, "reached": answer.reached, "right": outcome.right(),
    })
}
