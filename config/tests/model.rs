//! The checked values of documents and configurations.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use stepgate_config::gate::{ExemptPeers, GateConfig, KeySource, KeyUse, PeerSource};
use stepgate_config::workflow::{Assurance, Mode, Workflow};
use stepgate_config::{read_gate, read_workflow};

fn workflow(text: &str) -> Arc<Workflow> {
    let outcome = read_workflow(text.as_bytes());
    let said: Vec<String> = outcome.diagnostics.iter().map(ToString::to_string).collect();
    outcome.checked.unwrap_or_else(|| panic!("{said:#?}"))
}

fn gate(text: &str) -> GateConfig {
    let outcome = read_gate(text.as_bytes());
    let said: Vec<String> = outcome.diagnostics.iter().map(ToString::to_string).collect();
    outcome.checked.unwrap_or_else(|| panic!("{said:#?}"))
}

fn example(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(file)).unwrap()
}

/// A document with the tasks `t0`, `t1`, …, each with an actor of its own, and transitions as pairs of tasks.
fn document(tasks: &[&str], transitions: &[(usize, usize)]) -> String {
    let mut text = "workflow: w\nrevision: 1\ntrust_domain: t\nactors:\n".to_owned();
    for (n, _) in tasks.iter().enumerate() {
        text.push_str(&format!("  a{n}: {{spiffe: [x/{n}]}}\n"));
    }
    text.push_str("tasks:\n");
    for (n, keys) in tasks.iter().enumerate() {
        text.push_str(&format!("  t{n}: {{actor: a{n}, requests: [{{path: /{n}}}]{keys}}}\n"));
    }
    text.push_str("transitions:\n");
    for (from, to) in transitions {
        text.push_str(&format!("  - {{from: t{from}, to: t{to}}}\n"));
    }
    text
}

/// The `forks` and `carries` of each task that has some, as text.
fn rounds(workflow: &Workflow) -> BTreeMap<&str, String> {
    let names = |set: &stepgate_config::sorted::SortedSet<stepgate_config::name::TaskName>| {
        set.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
    };
    let tasks = workflow.tasks.values().filter(|task| !task.forks.is_empty() || !task.carries.is_empty());
    tasks.map(|task| (task.name.as_str(), format!("{}/{}", names(&task.forks), names(&task.carries)))).collect()
}

#[test]
fn the_movie_has_the_values_of_its_document() {
    let movie = workflow(&example("movie.yaml"));
    assert_eq!((movie.assurance, movie.open, movie.mode), (Assurance::Signed, true, None));
    assert_eq!((movie.deadline, movie.task_ttl), (Duration::from_secs(86_400), Duration::from_secs(3_600)));
    let join = movie.joins.get("master").unwrap();
    assert_eq!(join.fork.as_str(), "shots");
    assert_eq!(join.sources.iter().map(|source| source.as_str()).collect::<Vec<_>>(), ["hdr", "sound"]);
    let expected = [
        ("shots", "master/"),
        ("plates", "/master"),
        ("models", "/master"),
        ("color", "/master"),
        ("sound", "/master"),
        ("hdr", "/master"),
        ("master", "/master"),
    ];
    assert_eq!(rounds(&movie), expected.into_iter().map(|(task, of)| (task, of.to_owned())).collect());
    assert!(movie.tasks.values().all(|task| task.max_visits.is_none() && !task.constrained));
}

#[test]
fn a_loan_has_bounds_on_its_loop() {
    let loan = workflow(&example("loan.yaml"));
    let visits: Vec<Option<u32>> =
        ["apply", "assess", "documents", "approve"].map(|task| loan.tasks.get(task).unwrap().max_visits).into();
    assert_eq!(visits, [None, Some(4), Some(3), None]);
    assert!(
        loan.tasks.get("assess").unwrap().constrained
            && loan.tasks.get("approve").unwrap().constrained
            && !loan.tasks.get("pay").unwrap().constrained
    );
}

#[test]
fn via_names_the_caller() {
    let checkout = workflow(&example("checkout.yaml"));
    let callers: Vec<(&str, bool)> = checkout.transitions.iter().map(|t| (t.caller.name.as_str(), t.via)).collect();
    assert_eq!(callers, [("shop", false), ("shop", true), ("shop", true)]);
}

#[test]
fn nested_joins_have_a_fork_each() {
    // t0 -> t1 -> {t2 -> {t3, t4} -> t5, t6} -> t7 -> t8, where t5 and t7 are joins.
    let transitions = [(0, 1), (1, 2), (1, 6), (2, 3), (2, 4), (3, 5), (4, 5), (5, 7), (6, 7), (7, 8)];
    let all = ", join: all";
    let nested = workflow(&document(&[", initial: true", "", "", "", "", all, "", all, ""], &transitions));
    let expected = [
        ("t1", "t7/"),
        ("t2", "t5/t7"),
        ("t3", "/t5,t7"),
        ("t4", "/t5,t7"),
        ("t5", "/t5,t7"),
        ("t6", "/t7"),
        ("t7", "/t7"),
    ];
    assert_eq!(rounds(&nested), expected.into_iter().map(|(task, of)| (task, of.to_owned())).collect());
}

#[test]
fn a_fork_may_be_a_source_of_its_join() {
    let transitions = [(0, 1), (1, 2), (1, 3), (2, 3), (3, 4)];
    let skipped = workflow(&document(&[", initial: true", "", "", ", join: all", ""], &transitions));
    assert_eq!(skipped.joins.get("t3").unwrap().fork.as_str(), "t1");
    assert_eq!(rounds(&skipped)["t2"], "/t3");
}

#[test]
fn a_cycle_through_the_fork_begins_a_new_round() {
    let twice = ", max_visits: 2";
    let transitions = [(0, 1), (1, 2), (1, 3), (2, 4), (3, 4), (4, 1), (4, 5)];
    let looped =
        workflow(&document(&[", initial: true", twice, twice, twice, ", join: all, max_visits: 2", ""], &transitions));
    assert_eq!(looped.joins.get("t4").unwrap().fork.as_str(), "t1");
    assert_eq!(rounds(&looped)["t4"], "/t4");
    assert_eq!(rounds(&looped)["t1"], "t4/");
}

#[test]
fn advisory_values_are_in_the_workflow() {
    let text =
        document(&[", initial: true", ", split: {value: one, advisory: true}", "", ""], &[(0, 1), (1, 2), (1, 3)])
            .replace("to: t1}", "to: t1, uses: 3}");
    let advisory = workflow(&text);
    assert_eq!(advisory.transitions[0].uses, 3);
    assert_eq!(advisory.tasks.get("t1").unwrap().split, Some(stepgate_config::workflow::Split::One));
}

#[test]
fn a_task_has_its_own_ttl_or_that_of_the_workflow() {
    let text = document(&[", initial: true", ", ttl: 2h", ", ttl: 20m", ""], &[(0, 1), (0, 2), (1, 3), (2, 3)])
        .replace("to: t3}", "to: t3, after: 10m, within: 15m}");
    let timed = workflow(&text);
    let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
    let ttl = |task: &str| timed.tasks.get(task).unwrap().ttl;
    assert_eq!(["t0", "t1", "t2", "t3"].map(ttl), [60, 120, 20, 60].map(minutes));
    // The delays of twins add up over the longer of the two ways.
    let apart = |task: &str| (timed.tasks.get(task).unwrap().apart.lives, timed.tasks.get(task).unwrap().apart.tokens);
    let expected = [(0, 0), (60, 1), (60, 1), (180, 2)].map(|(lives, tokens)| (minutes(lives), tokens));
    assert_eq!(["t0", "t1", "t2", "t3"].map(apart), expected);
    let times: Vec<_> = timed.transitions.iter().map(|t| (t.after, t.within)).collect();
    let bounded = (Some(minutes(10)), Some(minutes(15)));
    assert_eq!(times, [(None, None), (None, None), bounded, bounded]);
}

#[test]
fn a_gate_has_the_values_of_its_configuration() {
    let movie = gate(&example("gate/movie.yaml"));
    assert_eq!(
        (movie.mode, movie.header.as_str(), movie.leeway),
        (Mode::Enforce, "x-workflow-step", Duration::from_secs(30))
    );
    assert_eq!(movie.interlock, ["STEPGATE_INTERLOCK"]);
    assert_eq!((movie.exempt.len(), &movie.exempt[0].peers), (1, &ExemptPeers::Anyone));
    let key = &movie.keys[0];
    assert_eq!(
        (key.actor.as_ref(), key.key_use, &key.source),
        (None, KeyUse::Sign, &KeySource::Env("STEPGATE_KEY_MOVIE".into()))
    );
    assert_eq!((movie.log.denials_per_second, movie.log.permits, movie.log.instances), (50, false, true));
    assert_eq!(movie.peer_source, PeerSource::Connection);
    assert!(movie.workflows[0].open);
}

#[test]
fn the_highest_revision_that_is_not_closed_is_open() {
    let document = |revision: u32, more: &str| {
        let body = document(&[", initial: true", ""], &[(0, 1)])
            .replace("revision: 1", &format!("revision: {revision}\nassurance: identity\n{more}"));
        format!("- {}", body.trim_end().replace('\n', "\n  "))
    };
    for (revisions, expected) in [
        (vec![(1, ""), (3, ""), (2, "")], vec![3]),
        (vec![(1, "open: true"), (3, "")], vec![1]),
        (vec![(1, ""), (3, "open: false"), (2, "mode: observe")], vec![2]),
        (vec![(1, "open: false")], vec![]),
    ] {
        let documents: Vec<String> = revisions.iter().map(|(revision, more)| document(*revision, more)).collect();
        let gate = gate(&format!("workflows:\n{}\n", documents.join("\n")));
        let open: Vec<u32> =
            gate.workflows.iter().filter(|workflow| workflow.open).map(|workflow| workflow.revision).collect();
        assert_eq!(open, expected, "{revisions:?}");
    }
}

/// Of two tasks that a request matches, it is the narrower one; and two tasks that no step leads to both may be alike.
#[test]
fn tasks_may_be_told_apart_by_containment_or_by_the_step() {
    let workflow = workflow(
        r#"
workflow: w
revision: 1
trust_domain: t
actors: {a: {spiffe: [x/a]}, b: {spiffe: [x/b]}}
tasks:
  start: {actor: a, initial: true}
  show: {actor: b, requests: [{path: "/accounts/{id}"}]}
  admin: {actor: b, requests: [{methods: [POST], path: /accounts/admin, port: 8080}]}
  first: {actor: a, requests: [{methods: [POST], path: /back}]}
  second: {actor: a, requests: [{methods: [POST], path: /back}]}
transitions:
  - {from: start, to: show}
  - {from: start, to: admin}
  - {from: show, to: first}
  - {from: admin, to: second}
"#,
    );
    let patterns = |task: &str| &workflow.tasks.get(task).unwrap().requests;
    assert_eq!(patterns("admin")[0].port, Some(8080));
    assert!(patterns("show")[0].contains(&patterns("admin")[0]));
}

/// One initiator must not fill the record of any gate for the others: by default it begins 80,000 instances while the
/// longest-lived entry that one of them leaves behind, at whichever gate, is kept.
#[test]
fn the_default_limit_of_starts_is_for_the_longest_life_of_an_entry_at_any_gate() {
    let seconds = |keys: &str, wait: &str, join: &str| {
        let text = format!(
            "leeway: 10s
keys: [{{workflow: w, actor: '*', kid: k, env: K, use: sign}}]
workflows:
  - workflow: w
    revision: 1
    trust_domain: t
    deadline: 48h
{keys}    namespace: shop
    actors: [a, b]
    tasks:
      begin: {{actor: a, initial: true}}
      wait: {{actor: b, requests: /wait{wait}}}
      other: {{actor: b, requests: /other}}
      meet: {{actor: a, requests: /meet{join}}}
      end: {{actor: b, requests: /end, ttl: 47h}}
    transitions: [begin -> wait -> meet -> end, begin -> other -> meet]
"
        );
        let gate = gate(&text);
        let rate = gate.starts_of(&gate.workflows[0]);
        assert_eq!(rate.count, 80_000);
        rate.period.as_secs()
    };
    // What leaves `meet`: the `ttl` of the task and of the two before it, and four times the leeway. Nothing leaves `end`.
    assert_eq!(seconds("", "", ""), 3 * 3600 + 40);
    assert_eq!(seconds("    task_ttl: 5m\n", "", ""), 3 * 300 + 40);
    assert_eq!(seconds("", ", ttl: 30h", ""), 32 * 3600 + 40);
    // At 30 hours behind 30 hours it ends with the instance.
    assert_eq!(seconds("    task_ttl: 30h\n", "", ""), 48 * 3600 + 10);
    // Behind a join.
    assert_eq!(seconds("", "", ", join: all"), 48 * 3600 + 10);
}
