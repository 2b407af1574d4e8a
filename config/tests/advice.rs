//! Errors lead on: a document in which the lines of an error's example are written has no error any more.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use stepgate_config::workflow::Workflow;
use stepgate_config::{Code, read, read_workflow};

const HEAD: &str = "workflow: w\nrevision: 1\ntrust_domain: t\n";

/// The errors of a document.
fn errors(text: &str) -> Vec<(Code, Option<String>)> {
    let found = read(text.as_bytes()).diagnostics;
    found.into_iter().filter(|one| one.is_error()).map(|one| (one.code, one.example)).collect()
}

/// The document is wrong only by this code, the example of which is this one; and right with these replacements.
#[track_caller]
fn corrected<'e>(
    wrong: &str,
    code: Code,
    example: impl Into<Option<&'e str>>,
    replacements: &[(&str, &str)],
) -> Workflow {
    let wrong = format!("{HEAD}{wrong}");
    assert_eq!(errors(&wrong), [(code, example.into().map(str::to_owned))], "{wrong}");
    let mut right = wrong;
    for (from, to) in replacements {
        assert!(right.contains(from), "{from}");
        right = right.replacen(from, to, 1);
    }
    assert_eq!(errors(&right), [], "{right}");
    Workflow::clone(&read_workflow(right.as_bytes()).checked.unwrap())
}

const PAIR: &str = "\
namespace: shop
actors: [a, b]
tasks:
  start: {actor: a, initial: true}
  work: {actor: b, requests: /work}
transitions:
  - start -> work
";

#[test]
fn two_transitions_between_two_tasks_are_one() {
    let item = "  - start -> work\n";
    let wrong = PAIR.replace(item, &item.repeat(2));
    corrected(&wrong, Code::Duplicate, "- start -> work", &[(item, "")]);
    let guarded = |guard: &str| format!("  - {{from: start, to: work, when: '{guard}'}}\n");
    let (one, two) = (guarded("request.method == \"PUT\""), guarded("request.host == \"h\""));
    let example = r#"- {from: start, to: work, when: '(request.method == "PUT") || (request.host == "h")'}"#;
    let wrong = PAIR.replace(item, &format!("{one}{two}"));
    corrected(&wrong, Code::Duplicate, example, &[(&one, ""), (&two, &format!("  {example}\n"))]);
    // Only the author knows which of these is meant.
    let timed = |uses: u32| format!("  - {{from: start, to: work, uses: {uses}}}\n");
    let (one, two) = (timed(2), timed(3));
    corrected(&PAIR.replace(item, &format!("{one}{two}")), Code::Duplicate, None, &[(&one, "")]);
}

#[test]
fn a_key_is_enforced_by_a_higher_level_or_is_advice() {
    let wrong = format!("assurance: identity\ndeadline: 2h\n{PAIR}");
    let example = "assurance: signed\ndeadline: 2h";
    corrected(&wrong, Code::NotEnforced, example, &[("assurance: identity", "assurance: signed")]);
    corrected(&wrong, Code::NotEnforced, example, &[("deadline: 2h", "deadline: {value: 2h, advisory: true}")]);
    let wrong = PAIR.replace("initial: true", "initial: true, split: one");
    let advice = "split: {value: one, advisory: true}";
    corrected(
        &wrong,
        Code::NotEnforced,
        "assurance: once\nsplit: one",
        &[("workflow: w", "assurance: once\nworkflow: w")],
    );
    corrected(&wrong, Code::NotEnforced, "assurance: once\nsplit: one", &[("split: one", advice)]);
    let wrong = format!(
        "assurance: identity\n{}",
        PAIR.replace("- start -> work", "- {from: start, to: work, when: 'instance.revision == 1'}")
    );
    corrected(&wrong, Code::NotEnforced, "assurance: signed", &[("assurance: identity", "assurance: signed")]);
    let rule = "constraints:\n  - {separate: [start, work]}";
    let advice = "constraints:\n  - {separate: [start, work], advisory: true}";
    let example = &*format!("assurance: signed\n{rule}");
    let wrong = format!("assurance: identity\n{PAIR}{rule}\n");
    corrected(&wrong, Code::NotEnforced, example, &[("assurance: identity", "assurance: signed")]);
    corrected(&wrong, Code::NotEnforced, example, &[(rule, advice)]);
}

const CONSTRAINED: &str = "\
namespace: shop
actors: [a, b]
tasks:
  start: {actor: a, initial: true}
  left: {actor: b, requests: /left}
  right: {actor: b, requests: /right}
transitions:
  - start -> left
  - start -> right
";

#[test]
fn a_constraint_is_satisfied_by_more_workloads_or_by_one_actor() {
    let chain = ("  - start -> left\n  - start -> right\n", "  - start -> left -> right\n");
    let sequence = CONSTRAINED.replace(chain.0, chain.1);
    let example = "actors:\n  b:\n    spiffe:\n      - spiffe://t/ns/shop/sa/b\n      - spiffe://t/ns/shop/sa/b-2";
    let more = "{a: {}, b: {spiffe: [\"spiffe://t/ns/shop/sa/b\", \"spiffe://t/ns/shop/sa/b-2\"]}}";
    corrected(
        &format!("{sequence}constraints: [{{separate: [left, right]}}]\n"),
        Code::BadConstraint,
        example,
        &[("[a, b]", more)],
    );
    let example = "tasks:\n  right: {actor: a}";
    let of_one = ("right: {actor: b", "right: {actor: a");
    corrected(&format!("{sequence}constraints: [{{bind: [start, right]}}]\n"), Code::BadConstraint, example, &[of_one]);
    // With one ID each workload that could break it is the same one.
    let one = format!("{HEAD}{CONSTRAINED}constraints: [{{bind: [left, right]}}]\n");
    assert_eq!(errors(&one), []);
    let wrong = format!("{CONSTRAINED}constraints: [{{bind: [left, right]}}]\n").replacen("[a, b]", more, 1);
    let id = "spiffe://t/ns/shop/sa/b";
    let one_id =
        format!("actors:\n  b-left: {{spiffe: [{id}]}}\ntasks:\n  left: {{actor: b-left}}\n  right: {{actor: b-left}}");
    let followed = corrected(&wrong, Code::BadConstraint, &*one_id, &[chain]);
    assert_eq!(followed.constraints.len(), 1);
    let with_one = [
        ("b: {spiffe", "b-left: {spiffe: [ns/shop/sa/b]}, b: {spiffe"),
        ("left: {actor: b,", "left: {actor: b-left,"),
        ("right: {actor: b,", "right: {actor: b-left,"),
    ];
    corrected(&wrong, Code::BadConstraint, &*one_id, &with_one);
}

#[test]
fn a_guard_is_a_condition_on_its_own_lines() {
    let guarded = |guard: &str| PAIR.replace("- start -> work", &format!("- from: start\n    to: work\n    {guard}"));
    let right = r#"when: 'request.method == "POST"'"#;
    for wrong in ["when: 'request.method =='", "when: ''", "when: POST work"] {
        corrected(&guarded(wrong), Code::GuardSyntax, None, &[(wrong, right)]);
    }
    let wrong = "when: request.method = 'POST' | request.method = 'PUT'";
    let right = r#"when: "request.method == 'POST' || request.method == 'PUT'""#;
    corrected(&guarded(wrong), Code::GuardSyntax, right, &[(wrong, right)]);
    let wrong = "when: 'request.method == \"PUT\" // by a robot\n      && request.host == \"h\"'";
    let example = "when: |\n  request.method == \"PUT\" // by a robot\n  && request.host == \"h\"";
    let followed = corrected(&guarded(wrong), Code::GuardSyntax, example, &[(wrong, &example.replace('\n', "\n    "))]);
    let guard = followed.transitions[0].when.as_ref().unwrap();
    assert!(guard.source().lines().count() == 2, "{}", guard.source());
}

/// The actor that calls in turn gets a task. Without it the advice would take the initial actor out of the workflow, or
/// let the orchestrator call without a receipt.
#[test]
fn an_orchestrator_has_a_task_of_its_own() {
    let wrong = "\
namespace: shop
actors: [client, shop, bank, store]
tasks:
  order: {actor: client, initial: true}
  pay: {actor: bank, requests: /pay}
  ship: {actor: store, requests: /ship}
transitions:
";
    let chain =
        "tasks:\n  shop-task: {actor: shop, requests: POST /shop-task}\ntransitions:\n  - order -> shop-task -> pay";
    let (task, chained) = (
        ("tasks:\n", "tasks:\n  shop-task: {actor: shop, requests: POST /shop-task}\n"),
        "- order -> shop-task -> pay\n",
    );
    let receipt = "  - {from: pay, to: ship, via: shop}";
    let first = "- {from: order, to: pay, via: shop}\n";
    let after_start = corrected(&format!("{wrong}  {first}{receipt}"), Code::BadVia, chain, &[task, (first, chained)]);
    let example = format!("{chain}\n{receipt}");
    let first = "- order -> pay\n";
    let without = corrected(&format!("{wrong}  {first}{receipt}"), Code::BadVia, &*example, &[task, (first, chained)]);
    for followed in [after_start, without] {
        let facts: Vec<(String, String, String)> = followed
            .transitions
            .iter()
            .map(|one| (one.from.name.to_string(), one.to.name.to_string(), one.caller.name.to_string()))
            .collect();
        let expected = [("order", "shop-task", "client"), ("shop-task", "pay", "shop"), ("pay", "ship", "shop")];
        assert_eq!(facts, expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned())));
        let initial: Vec<&str> =
            followed.tasks.values().filter(|task| task.initial).map(|task| task.performer.name.as_str()).collect();
        assert_eq!(initial, ["client"]);
    }
}

/// An orchestrator that calls in turn, and forgot to say so of a call in between.
#[test]
fn an_orchestrator_makes_every_call_in_turn() {
    let wrong = "\
namespace: trips
actors: [web, planner, flights, hotels, billing]
tasks:
  ask: {actor: web, initial: true}
  plan: {actor: planner, requests: /plan}
  flight: {actor: flights, requests: /flight}
  hotel: {actor: hotels, requests: /hotel}
  charge: {actor: billing, requests: /charge}
transitions:
  - ask -> plan -> flight
  - flight -> hotel
  - {from: hotel, to: charge, via: planner}
";
    let own = "  - {from: flight, to: hotel, via: planner}";
    let example = format!("transitions:\n{own}\n  - {{from: hotel, to: charge, via: planner}}");
    let followed = corrected(wrong, Code::BadVia, &*example, &[("  - flight -> hotel", own)]);
    let callers: Vec<&str> = followed.transitions.iter().map(|one| one.caller.name.as_str()).collect();
    assert_eq!(callers, ["web", "planner", "planner", "planner"]);
}

/// Actors that share no workload need no order, on whichever branches their tasks are; actors that share one do.
#[test]
fn a_separation_that_the_workloads_keep_needs_no_order() {
    let apart = format!("{HEAD}{CONSTRAINED}constraints: [{{separate: [left, right]}}]\n");
    let others = |ids: &str| apart.replacen("[a, b]", ids, 1).replace("right: {actor: b", "right: {actor: c");
    assert_eq!(errors(&others("{a: {}, b: {spiffe: [x/b, x/c]}, c: {spiffe: [x/d, x/e]}}")), []);
    let shared = errors(&others("{a: {}, b: {spiffe: [x/b, x/c]}, c: {spiffe: [x/c, x/d]}}"));
    assert_eq!(shared.iter().map(|(code, _)| *code).collect::<Vec<_>>(), [Code::BadConstraint]);
    // As advice it would take the rule away.
    let advice = others("{a: {}, b: {}, c: {}}").replace("right]}", "right], advisory: true}");
    assert_eq!(errors(&advice), [(Code::NotAdvisory, None)]);
}
