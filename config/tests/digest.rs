//! The digest: equal for documents of equal meaning, different for others.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::Path;

use stepgate_config::{Workflow, read_workflow};

fn movie() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/movie.yaml")).unwrap()
}

fn workflow(text: &str) -> Workflow {
    let outcome = read_workflow(text.as_bytes());
    let said: Vec<String> = outcome.diagnostics.iter().map(ToString::to_string).collect();
    Workflow::clone(&outcome.checked.unwrap_or_else(|| panic!("{said:#?}")))
}

fn digest(text: &str) -> String {
    workflow(text).digest.to_string()
}

/// Gates of two releases run in one mesh during an update, and accept each other's tokens only if they compute the same
/// digest. If this test fails, the canonical form has changed: restore it.
#[test]
fn the_digest_of_the_movie_stays() {
    assert_eq!(digest(&movie()), "M3g1jLj4OIiyHQ-9kR8bQ8paY_6BsJSaw84Bgup-foI");
    let unsaid = movie().replace(" split: all,", "");
    assert_eq!(digest(&unsaid), "bI9zCIfTAAfcFECbDXp77m62hWA5vZnxhAqI3lQTiqM", "a document without `split`");
}

const DOCUMENT: &str = r#"
workflow: w
revision: 3
trust_domain: example.org
actors:
  a: {spiffe: [ns/x/sa/a], attributes: {tenure: 10, share: 0.5, team: "1", lead: true}}
  b: {spiffe: [ns/x/sa/b], hosts: [b.example]}
tasks:
  start: {actor: a, initial: true}
  work: {actor: b, requests: [{methods: [POST], path: "/w/{id}"}], upgrade: [websocket]}
transitions:
  - {from: start, to: work, when: 'peer.tenure > 3'}
"#;

/// A part with a list of each kind that a document has, in this order or in the opposite one.
fn lists(reversed: bool) -> String {
    let list = |items: &[&str]| {
        let mut items = items.to_vec();
        if reversed {
            items.reverse();
        }
        items.join(", ")
    };
    let b = format!(
        "b: {{spiffe: [{}], hosts: [{}]}}",
        list(&["ns/x/sa/b", "ns/x/sa/c"]),
        list(&["b.example", "c.example"])
    );
    let methods = format!("{{methods: [{}], path: \"/w/{{id}}\"}}", list(&["POST", "PUT"]));
    let work =
        format!("requests: [{}], upgrade: [{}]", list(&[&methods, "{path: /v}"]), list(&["connect", "websocket"]));
    let (work, more) = (format!("work: {{actor: b, {work}}}"), "more: {actor: a, requests: [{path: /more}]}");
    let transitions = list(&["{from: start, to: work, when: 'peer.tenure > 3'}", "{from: work, to: more}"]);
    let (separate, bind) = (list(&["start", "work"]), list(&["start", "more"]));
    let constraints = list(&[&format!("{{separate: [{separate}]}}"), &format!("{{bind: [{bind}]}}")]);
    format!(
        "  {b}\ntasks:\n  start: {{actor: a, initial: true}}\n  {work}\n  {more}\ntransitions: [{transitions}]\nconstraints: [{constraints}]\n"
    )
}

/// As a proxy passes it on: JSON, keys in another order, all numbers as doubles.
const AS_JSON: &str = r#"{"transitions":[{"when":"peer.tenure > 3","to":"work","from":"start"}],
"tasks":{"work":{"upgrade":["websocket"],"requests":[{"path":"\/w\/{id}","methods":["POST"]}],"actor":"b"},
"start":{"initial":true,"actor":"a"}},"trust_domain":"example.org","revision":3.0,"workflow":"w",
"actors":{"b":{"hosts":["b.example"],"spiffe":["ns/x/sa/b"]},
"a":{"spiffe":["ns/x/sa/a"],"attributes":{"lead":true,"team":"1","share":5e-1,"tenure":1.0e1}}}}"#;

#[test]
fn notation_does_not_change_it() {
    let digest_of = digest(DOCUMENT);
    for other in [
        AS_JSON.to_owned(),
        DOCUMENT.replace("[ns/x/sa/a]", "[\"spiffe://example.org/ns/x/sa/a\"]"),
        DOCUMENT.replace("ns/x/sa/a", "/ns/x/sa/a"),
        DOCUMENT.replace("[ns/x/sa/a]", "[{id: ns/x/sa/a}]"),
        DOCUMENT.replace("[ns/x/sa/a]", "[{id: ns/x/sa/a, attributes: {}}]"),
        DOCUMENT.replace("revision: 3", "revision: 3 # the third\nassurance: signed\ndeadline: 1440m\ntask_ttl: 60m"),
        DOCUMENT.replace("{actor: a, initial: true}", "{initial: true, join: any, split: any, actor: 'a'}"),
        DOCUMENT.replace("{from: start, to: work,", "{from: start, to: work, uses: 1,"),
        DOCUMENT.replace("initial: true", "initial: true, ttl: 60m"),
        DOCUMENT.replace("\n", "\r\n"),
    ] {
        assert_eq!(digest(&other), digest_of, "{other}");
    }
}

/// `any` is what a task without `split` means. Where fewer than two transitions leave, `split` says nothing.
#[test]
fn a_split_is_meaning() {
    let two = "  other: {actor: b, requests: [{path: /other}]}\ntransitions:\n  - {from: start, to: other}\n";
    let said = |split: &str, document: &str| {
        digest(&document.replace("initial: true}", &format!("initial: true, split: {split}}}")))
    };
    let document = DOCUMENT.replace("transitions:\n", two);
    let [unsaid, all, one] =
        [digest(&document), said("all", &document), said("{value: one, advisory: true}", &document)];
    assert_eq!(said("any", &document), unsaid);
    assert!(all != unsaid && one != unsaid && all != one);
    assert_eq!(said("all", DOCUMENT), digest(DOCUMENT));
}

#[test]
fn no_order_changes_it() {
    let document = |reversed| format!("{}{}", DOCUMENT.split_once("  b:").unwrap().0, lists(reversed));
    assert_ne!(document(false), document(true));
    assert_eq!(digest(&document(false)), digest(&document(true)));
}

#[test]
fn meaning_changes_it() {
    let mut digests = vec![digest(DOCUMENT)];
    for (from, to) in [
        ("workflow: w", "workflow: v"),
        ("revision: 3", "revision: 4"),
        ("example.org", "example.com"),
        ("[ns/x/sa/a]", "[{id: ns/x/sa/a, attributes: {tenure: 10}}]"),
        ("[ns/x/sa/a]", "[{id: ns/x/sa/a, attributes: {tenure: 11}}]"),
        ("revision: 3", "revision: 3\ndeadline: 2h"),
        ("revision: 3", "revision: 3\ntask_ttl: 2h"),
        ("initial: true", "initial: true, ttl: 2h"),
        ("upgrade:", "ttl: 2h, upgrade:"),
        ("{from: start, to: work,", "{from: start, to: work, uses: 2,"),
        ("tenure: 10", "tenure: 11"),
        ("share: 0.5", "share: \"0.5\""),
        ("team: \"1\"", "team: 1"),
        ("ns/x/sa/b", "ns/x/sa/c"),
        ("b.example", "c.example"),
        ("POST", "PUT"),
        ("/w/{id}", "/w/**"),
        ("/w/{id}", "/w/{id}/"),
        ("/w/{id}", "/w/{id}:go"),
        ("/w/{id}", "/é/{id}"),
        ("/w/{id}\"", "/w/{id}\", headers: {x-t: a}"),
        ("/w/{id}\"", "/w/{id}\", headers: {x-t: b}"),
        ("/w/{id}\"", "/w/{id}\", headers: {x-t: absent}"),
        ("/w/{id}\"", "/w/{id}\", headers: {x-t: a, x-u: a}"),
        ("websocket", "connect"),
        ("tenure > 3", "tenure > 4"),
        (", when: 'peer.tenure > 3'", ""),
        ("transitions:\n", "transitions:\n  - {from: work, to: start}\n"),
        ("transitions:", "constraints: [{separate: [start, work]}]\ntransitions:"),
    ] {
        let text = DOCUMENT.replace(from, to);
        // A transition back makes a cycle.
        let text = match text.contains("to: start}") {
            true => text
                .replace("initial: true", "initial: true, max_visits: 2")
                .replace("upgrade:", "max_visits: 2, upgrade:"),
            false => text,
        };
        digests.push(digest(&text));
    }
    let all = digests.len();
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), all);
}
