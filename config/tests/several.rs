//! Transitions that leave several tasks together.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::sync::Arc;

use stepgate_config::sizes::Sizes;
use stepgate_config::workflow::{JoinKind, Workflow};
use stepgate_config::{Form, entries, read_workflow, rewrite};

const TRIP: &str = include_str!("diagnostics/w021-one-caller.yaml");

/// The document that the warning of a join with one caller suggests.
fn together(from: &str) -> String {
    let join = "  - {from: book-flight, to: charge, via: agent}\n  - {from: book-hotel, to: charge, via: agent}\n";
    let (before, after) = TRIP.split_once(join).unwrap();
    format!("{before}  - {{from: {from}, to: charge, via: agent}}\n{after}").replace(", join: all", "")
}

fn checked(text: &str) -> Arc<Workflow> {
    read_workflow(text.as_bytes()).into_result().map(|(workflow, _)| workflow).unwrap()
}

#[test]
fn what_the_warning_suggests_has_no_warning() {
    let outcome = read_workflow(together("[book-flight, book-hotel]").as_bytes());
    assert_eq!(outcome.diagnostics, []);
}

#[test]
fn the_order_of_the_list_means_nothing() {
    let one = checked(&together("[book-flight, book-hotel]"));
    let other = checked(&together("[book-hotel, book-flight]"));
    assert_eq!(one.digest, other.digest);
    assert_eq!(one.joins, other.joins);
    let alone = checked(&together("book-flight"));
    assert_ne!(one.digest, alone.digest);
}

#[test]
fn several_tasks_are_a_join_that_no_request_enters() {
    let workflow = checked(&together("[book-hotel, book-flight]"));
    assert!(!workflow.tasks.keys().any(|name| name.as_str().contains('+')));
    let charge = workflow.transitions.iter().find(|t| t.to.name.as_str() == "charge").unwrap();
    assert_eq!(charge.to_string(), "book-flight+book-hotel -> charge");
    assert_eq!(charge.from.join, JoinKind::All);
    assert_eq!(
        charge.sources().iter().map(|task| task.name.as_str()).collect::<Vec<_>>(),
        ["book-flight", "book-hotel"]
    );
    let join = workflow.joins.get("book-flight+book-hotel").unwrap();
    assert_eq!(join.fork.as_str(), "request");
    // Both branches carry the round; what follows does not.
    let carries =
        |task: &str| workflow.tasks.get(task).unwrap().carries.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(carries("book-hotel"), ["book-flight+book-hotel"]);
    assert_eq!(carries("book-flight"), ["book-flight+book-hotel"]);
    assert_eq!(carries("charge"), [""; 0]);
    let behind = |task: &str| workflow.tasks.get(task).unwrap().behind_join;
    assert_eq!(["book-flight", "charge", "itinerary"].map(behind), [false, true, true]);
    // The caller needs a receipt of each.
    let agent = workflow.actors.get("agent").unwrap();
    for (task, needed) in [("book-flight", true), ("book-hotel", true), ("charge", false)] {
        assert_eq!(workflow.needs_receipt(workflow.tasks.get(task).unwrap(), agent), needed, "{task}");
    }
}

#[test]
fn one_instance_enters_what_follows_once_a_round() {
    let workflow = checked(&together("[book-flight, book-hotel]"));
    let most = entries::most(&workflow).unwrap();
    assert!(most.values().all(|times| *times <= 1), "{most:?}");
    assert!(most.keys().all(|task| workflow.tasks.contains_key(*task)), "{most:?}");
}

#[test]
fn a_request_shows_the_tokens_of_all_these_tasks() {
    let workflow = checked(&together("[book-flight, book-hotel]"));
    let sizes = Sizes::of(&workflow);
    let charge = workflow.transitions.iter().find(|t| t.to.name.as_str() == "charge").unwrap();
    let each: usize = charge.sources().iter().map(|task| sizes.step(task)).sum();
    assert!(sizes.step(&charge.from) > each, "{each} bytes, and what separates them");
}

#[test]
fn both_forms_keep_a_list() {
    let text = together("[book-hotel, book-flight]");
    for form in [Form::Short, Form::Long] {
        let written = rewrite(&text, form).unwrap().unwrap();
        assert!(written.contains("{from: [book-hotel, book-flight], to: charge, via: agent}"), "{written}");
        assert_eq!(checked(&written).digest, checked(&text).digest);
        assert_eq!(rewrite(&written, form).unwrap().unwrap(), written);
    }
}
