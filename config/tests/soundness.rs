//! The findings about joins, dead transitions and instances left standing: on documents whose findings a person can see,
//! and on random small ones against a second reading of docs/semantics.md, which plays every run in every order.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "a test fails by panicking"
)]

#[path = "soundness/brute_force.rs"]
mod brute_force;
#[path = "soundness/document.rs"]
mod document;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use brute_force::{Findings, play};
use document::{Document, Random, Split};
use stepgate_config::bounds::MAX_MARKINGS;
use stepgate_config::soundness::{Completes, Soundness};
use stepgate_config::{Code, Diagnostic, read_workflow};

fn diagnostics(document: &Document) -> Vec<Diagnostic> {
    read_workflow(document.text().as_bytes()).diagnostics
}

/// Codes, each with the first name that its message quotes.
fn found(document: &Document) -> Vec<(&'static str, String)> {
    let name = |message: &str| message.split('`').nth(1).unwrap_or_default().to_owned();
    let ours = [
        Code::NeverComplete,
        Code::MayNotComplete,
        Code::DeadTransition,
        Code::LeftStanding,
        Code::Unexplored,
        Code::SentBack,
    ];
    let found = diagnostics(document).into_iter().filter(|found| ours.contains(&found.code));
    let mut found: Vec<_> = found.map(|found| (found.code.as_str(), name(&found.message))).collect();
    found.sort();
    found
}

/// A document of these transitions, whose initial task is 0.
fn of(edges: &[(usize, usize)], joins: &[usize], splits: &[(usize, Split)], visits: u32) -> Document {
    let tasks = edges.iter().flat_map(|(a, b)| [*a, *b]).max().unwrap() + 1;
    let mut document = Document::of(tasks, edges.to_vec());
    joins.iter().for_each(|join| document.joins[*join] = true);
    splits.iter().for_each(|(task, split)| document.splits[*task] = Some(*split));
    document.visits = vec![visits; tasks];
    document
}

const DIAMOND: [(usize, usize); 6] = [(0, 1), (1, 2), (1, 3), (2, 4), (3, 4), (4, 5)];

#[test]
fn a_join_behind_each_kind_of_split() {
    let with = |split| found(&of(&DIAMOND, &[4], &[(1, split)], 1));
    assert_eq!(with(Split::All), []);
    assert_eq!(with(Split::Any), [("W022", "t4".to_owned())]);
    assert_eq!(with(Split::One), [("E047", "t4".to_owned())]);
}

/// The arms of a choice that meet before the join are neither an error nor a warning.
#[test]
fn a_choice_whose_arms_meet_before_the_join() {
    let edges = [(0, 1), (1, 2), (1, 3), (2, 4), (2, 5), (4, 6), (5, 6), (6, 7), (3, 7), (7, 8)];
    for split in [Split::One, Split::Any] {
        assert_eq!(found(&of(&edges, &[7], &[(1, Split::All), (2, split)], 1)), [], "{split:?}");
    }
}

/// One arm leads past the join, so a run can leave it incomplete.
#[test]
fn a_choice_one_arm_of_which_ends() {
    let edges = [(0, 1), (1, 2), (1, 3), (2, 4), (3, 4), (2, 6), (4, 5)];
    let document = of(&edges, &[4], &[(1, Split::All), (2, Split::One)], 1);
    assert_eq!(found(&document), [("W022", "t4".to_owned())]);
    let shown = diagnostics(&document).into_iter().find(|found| found.code == Code::MayNotComplete).unwrap();
    assert_eq!(shown.label, "the shortest run: t0 -> t1 -> t2 -> t6, t1 -> t3 -> t4");
    assert!(shown.message.contains("reach it from `t3` and never from `t2`"), "{}", shown.message);
}

/// Evidence of two rounds never adds up: one branch in the first turn and the other in the second do not complete the join.
#[test]
fn rounds_of_a_loop_do_not_add_up() {
    // 1 is the fork; 2 leads to the join or back to the fork; 3 only to the join.
    let edges = [(0, 1), (1, 2), (1, 3), (2, 4), (3, 4), (2, 1), (4, 5)];
    let document = of(&edges, &[4], &[(1, Split::All), (2, Split::One)], 2);
    assert_eq!(found(&document), [("N007", "t2 -> t1".to_owned())]);
    let workflow = read_workflow(document.text().as_bytes()).into_result().unwrap().0;
    let sound = Soundness::of(&workflow, &mut MAX_MARKINGS.clone()).unwrap();
    assert_eq!(sound.joins.values().map(Completes::as_str).collect::<Vec<_>>(), ["may"]);
    // With `one` at the fork each turn brings one branch, and no round ever has both.
    let one = of(&edges, &[4], &[(1, Split::One), (2, Split::One)], 2);
    assert_eq!(found(&one), [("E047", "t4".to_owned())]);
}

/// Work that is sent back is meant; a branch that ends, or is not taken, is not.
#[test]
fn a_join_that_only_ways_back_leave_incomplete() {
    // 1 is the fork, 4 the join; 2 leads to the join, or by 6 back to the fork.
    let back = [(0, 1), (1, 2), (1, 3), (2, 4), (3, 4), (2, 6), (6, 1), (4, 5)];
    let choice = [(1, Split::All), (2, Split::One)];
    assert_eq!(found(&of(&back, &[4], &choice, 2)), [("N004", "t6".to_owned()), ("N007", "t2 -> t6".to_owned())]);
    let before = [(0, 7), (7, 1), (1, 2), (1, 3), (2, 4), (3, 4), (2, 6), (6, 7), (4, 5)];
    assert_eq!(found(&of(&before, &[4], &choice, 2)), [("N004", "t6".to_owned()), ("N007", "t2 -> t6".to_owned())]);
    // From 6 a run may also end, and with `any` at the fork a branch may be missing from the first.
    let ends = [back.as_slice(), &[(6, 7)]].concat();
    let either = [(1, Split::All), (2, Split::One), (6, Split::One)];
    assert_eq!(found(&of(&ends, &[4], &either, 2)), [("W022", "t4".to_owned())]);
    let any = [(1, Split::Any), (2, Split::One)];
    assert!(found(&of(&back, &[4], &any, 2)).contains(&("W022", "t4".to_owned())));
}

#[test]
fn visits_end_a_loop() {
    let edges = [(0, 1), (1, 2), (2, 1), (2, 3)];
    assert_eq!(found(&of(&edges, &[], &[(2, Split::One)], 1)), [("W023", "t2 -> t1".to_owned())]);
    assert_eq!(found(&of(&edges, &[], &[(2, Split::One)], 2)), []);
    // Two tasks on one cycle: the one with no other way out is left standing.
    let tool = [(0, 1), (1, 2), (2, 1), (1, 3)];
    assert_eq!(found(&of(&tool, &[], &[(1, Split::One)], 2)), [("N004", "t2".to_owned())]);
}

#[test]
fn a_join_within_a_join() {
    let edges = [(0, 1), (1, 2), (1, 3), (2, 4), (2, 5), (4, 6), (5, 6), (6, 7), (3, 7), (7, 8)];
    let inner = |split| found(&of(&edges, &[6, 7], &[(1, Split::All), (2, split)], 1));
    assert_eq!(inner(Split::All), []);
    assert_eq!(inner(Split::Any), [("W022", "t6".to_owned()), ("W022", "t7".to_owned())]);
    // No run completes the inner join, and so none the outer one.
    assert_eq!(inner(Split::One), [("E047", "t6".to_owned()), ("E047", "t7".to_owned())]);
}

/// At `identity` no join is enforced and nothing is counted.
#[test]
fn identity_has_no_runs() {
    let text = "workflow: w\nrevision: 1\ntrust_domain: t\nassurance: identity\nactors: {a: {spiffe: [x/a]}}\n\
                tasks: {s: {actor: a, initial: true}, e: {actor: a, requests: [{path: /e}]}}\ntransitions: [{from: s, to: e}]\n";
    let workflow = read_workflow(text.as_bytes()).into_result().unwrap().0;
    assert_eq!(Soundness::of(&workflow, &mut MAX_MARKINGS.clone()), None);
}

/// Many parallel branches, many choices in a row, and a loop with many tools have many runs, but not many that differ.
#[test]
fn ordinary_documents_are_explored_whole() {
    let mut wide = vec![(0, 1)];
    (0..40)
        .for_each(|branch| wide.extend([(1, 2 + 2 * branch), (2 + 2 * branch, 3 + 2 * branch), (3 + 2 * branch, 82)]));
    wide.push((82, 83));
    let mut long = vec![(0, 1)];
    let mut choices = Vec::new();
    for choice in 0..40 {
        let at = 1 + 3 * choice;
        long.extend([(at, at + 1), (at, at + 2), (at + 1, at + 3), (at + 2, at + 3)]);
        choices.push((at, Split::One));
    }
    let mut tools = vec![(0, 1), (1, 2)];
    (3..15).for_each(|tool| tools.extend([(1, tool), (tool, 1)]));
    for document in
        [of(&wide, &[82], &[(1, Split::All)], 1), of(&long, &[], &choices, 1), of(&tools, &[], &[(1, Split::Any)], 20)]
    {
        let begun = Instant::now();
        let workflow = read_workflow(document.text().as_bytes()).into_result().unwrap().0;
        let sound = Soundness::of(&workflow, &mut MAX_MARKINGS.clone()).unwrap();
        assert!(sound.joins.values().all(|join| *join == Completes::Always), "{:?}", sound.joins);
        assert_eq!((sound.dead.len(), sound.unknown.len()), (0, 0));
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    }
}

/// No claim is made where not all was explored: the join completes in every run, and nobody says so.
#[test]
fn what_is_not_explored_is_unknown() {
    let mut edges = vec![(0, 1), (1, 2), (1, 3), (2, 4), (3, 4), (4, 5)];
    let ways = 6..20;
    edges.retain(|edge| *edge != (2, 4));
    ways.clone().for_each(|way| edges.extend([(2, way), (way, 20)]));
    edges.push((20, 4));
    let document = of(&edges, &[4], &[(1, Split::All), (2, Split::Any)], 1);
    let workflow = read_workflow(document.text().as_bytes()).into_result().unwrap().0;
    let sound = Soundness::of(&workflow, &mut MAX_MARKINGS.clone()).unwrap();
    assert_eq!(sound.joins.values().map(Completes::as_str).collect::<Vec<_>>(), ["unknown"]);
    assert_eq!(found(&document), [("W024", "t4".to_owned())]);
    // With one way that ends, it is known that it may stay incomplete, without all runs.
    edges.push((6, 21));
    edges.retain(|edge| *edge != (6, 20));
    assert_eq!(found(&of(&edges, &[4], &[(1, Split::All), (2, Split::Any)], 1)), [("W022", "t4".to_owned())]);
}

/// However early the exploration ends, what it says of joins and transitions is what the whole of it says, or nothing.
#[test]
fn an_exploration_that_ends_early_claims_nothing_else() {
    let mut unknown = 0;
    for seed in 0..200 {
        let outcome = read_workflow(Document::random(&mut Random(seed)).text().as_bytes());
        let Some(workflow) = outcome.checked else { continue };
        let whole = Soundness::of(&workflow, &mut MAX_MARKINGS.clone()).unwrap();
        for most in 0..40 {
            let part = Soundness::of(&workflow, &mut most.clone()).unwrap();
            for (join, completes) in &whole.joins {
                let said = part.joins[join].as_str();
                unknown += usize::from(said == "unknown");
                assert!(
                    said == "unknown" || said == completes.as_str(),
                    "{seed}, {most}: {said}, {}",
                    completes.as_str()
                );
            }
            let dead =
                |found: &Soundness<'_>| found.dead.iter().map(|(dead, _)| dead.to_string()).collect::<BTreeSet<_>>();
            let open: BTreeSet<String> = part.unknown.iter().map(ToString::to_string).collect();
            assert!(dead(&part).is_subset(&dead(&whole)), "{seed}, {most}");
            assert!(dead(&whole).iter().all(|one| open.contains(one) || dead(&part).contains(one)), "{seed}, {most}");
        }
    }
    assert!(unknown > 200, "{unknown}");
}

/// The exploration moves one token at a time and forgets what cannot meet; the second reading does neither.
#[test]
fn the_exploration_finds_what_every_order_of_every_run_shows() {
    let (mut compared, mut kinds) = (0, BTreeSet::new());
    for seed in 0..1_500 {
        let document = Document::random(&mut Random(seed));
        let said = diagnostics(&document);
        // Other errors of the document are not about runs.
        if said.iter().any(|found| found.is_error() && found.code != Code::NeverComplete) {
            continue;
        }
        let Some(Findings { never, may, dead, standing }) = play(&document) else { continue };
        let name = |task: &usize| format!("t{task}");
        let mut expected: Vec<(&str, String)> = Vec::new();
        expected.extend(never.iter().map(|join| ("E047", name(join))));
        expected.extend(may.iter().map(|join| ("W022", name(join))));
        expected.extend(dead.iter().map(|(from, to)| ("W023", format!("t{from} -> t{to}"))));
        // Beside an error there are no notes.
        if never.is_empty() {
            expected.extend(standing.iter().map(|task| ("N004", name(task))));
        }
        expected.sort();
        assert_eq!(found(&document), expected, "seed {seed}:\n{}", document.text());
        compared += 1;
        kinds.extend(expected.iter().map(|(code, _)| *code));
    }
    assert!(compared > 700, "{compared}");
    assert_eq!(kinds, BTreeSet::from(["E047", "N004", "W022", "W023"]));
}
