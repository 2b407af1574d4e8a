//! Short forms: they mean the same as the long ones, in any order and mixture, and keep the bounds.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use stepgate_config::workflow::Workflow;
use stepgate_config::{Code, MAX_VALUES, Outcome, bounds, read, read_gate, read_workflow};

fn workflow(text: &str) -> Workflow {
    let Outcome { checked, diagnostics } = read_workflow(text.as_bytes());
    Workflow::clone(&checked.unwrap_or_else(|| panic!("{diagnostics:#?}\n{text}")))
}

const LONG: &str = r#"
workflow: film
revision: 1
trust_domain: example.org
actors:
  owner: {spiffe: [ns/movie/sa/owner]}
  vfx-1: {spiffe: [ns/movie/sa/vfx-1], hosts: [vfx-1.example]}
  other: {spiffe: [ns/sound/sa/other]}
tasks:
  brief:  {actor: owner, initial: true}
  shots:  {actor: vfx-1, requests: [{methods: [POST, PUT], path: "/shots/{id}"}, {path: /any}]}
  plates: {actor: other, requests: [{methods: [GET], host: a.example, path: /plates}]}
  master: {actor: owner, requests: [{methods: [POST], path: /master}]}
transitions:
  - {from: brief, to: shots}
  - {from: shots, to: plates, when: peer.actor == "vfx-1"}
  - {from: plates, to: master}
"#;

const SHORT: &str = r#"
workflow: film
revision: 1
trust_domain: example.org
namespace: movie
actors:
  vfx-1: {hosts: [vfx-1.example]}
  owner: {}
  other: {spiffe: [ns/sound/sa/other]}
tasks:
  brief:  {actor: owner, initial: true}
  shots:  {actor: vfx-1, requests: [/any, "PUT , POST  /shots/{id}"]}
  plates: {actor: other, requests: [{methods: [GET], host: a.example, path: /plates}]}
  master: {actor: owner, requests: POST /master}
transitions:
  - plates->master
  - {from: shots, to: plates, when: peer.actor == "vfx-1"}
  - brief -> shots
"#;

#[test]
fn both_forms_have_one_digest() {
    assert_eq!(workflow(SHORT).digest, workflow(LONG).digest);
    let json = stepgate_config::to_json(SHORT.as_bytes()).unwrap();
    assert_eq!(workflow(&json.to_string()).digest, workflow(LONG).digest);
    let gate = json!({"mode": "observe", "workflows": [json], "keys": [
        {"workflow": "film", "kid": "k", "use": "sign", "env": "K"},
    ]});
    let gate = read_gate(gate.to_string().as_bytes());
    assert_eq!(gate.checked.unwrap().workflows[0].digest, workflow(LONG).digest, "{:#?}", gate.diagnostics);
}

#[test]
fn a_list_of_names_is_enough_in_a_namespace() {
    let all = SHORT.replace("hosts: [vfx-1.example]", "").replace("ns/sound/sa/other", "ns/movie/sa/other");
    let listed = format!(
        "{}actors: [owner, vfx-1, other]\n{}",
        all.split_once("actors:").unwrap().0,
        all.split_once("sa/other]}\n").unwrap().1
    );
    assert_eq!(workflow(&listed).digest, workflow(&all).digest);
}

/// What a short form must not be read as: a rule that is not there would let requests through.
#[test]
fn a_text_that_is_no_short_form_is_an_error() {
    for wrong in [
        "requests: POST",
        "requests: ''",
        "requests: POST/master",
        "requests: \"POST\\t/master\"",
        "requests: \"POST\u{a0}/master\"",
        "requests: ',/master'",
        "requests: ', /master'",
        "requests: POST /a, GET /b",
        "requests: POST master",
        "requests: post /master",
        "requests: TRACE /master",
        "requests: []",
        "requests: [POST /master, GET]",
        "requests: [[POST /master]]",
        "requests: {path: /master}",
        "requests: 1",
        "requests: {value: POST /master, advisory: true}",
    ] {
        let text = LONG.replace("requests: [{methods: [POST], path: /master}]", wrong);
        assert!(read(text.as_bytes()).checked.is_none(), "{wrong}");
    }
    for wrong in [
        "plates",
        "''",
        "->",
        "plates ->",
        "-> master",
        "plates -> -> master",
        "plates master",
        "plates => master",
        "plates -> master -> ",
        "plates --> master",
        "[plates -> master]",
        "plates -> Master",
        "\"plates\u{a0}-> master\"",
    ] {
        let text = LONG.replace("{from: plates, to: master}", wrong);
        assert!(read(text.as_bytes()).checked.is_none(), "{wrong}");
    }
    for wrong in ["''", "a/b", "..", "A", "-a", "a-", "1", "~", "[a]", &"a".repeat(64)] {
        let text = SHORT.replace("namespace: movie", &format!("namespace: {wrong}"));
        assert!(read(text.as_bytes()).checked.is_none(), "{wrong}");
    }
}

/// A namespace is a part of the SPIFFE ID, and nothing else: another one is another peer.
#[test]
fn a_namespace_is_a_part_of_the_identity() {
    let other = workflow(&SHORT.replace("namespace: movie", "namespace: film"));
    assert_ne!(other.digest, workflow(SHORT).digest);
    let ids = |workflow: &Workflow| -> Vec<String> {
        let all = workflow.actors.values().flat_map(|actor| actor.spiffe.iter().map(ToString::to_string));
        all.collect()
    };
    assert_eq!(
        ids(&other),
        [
            "spiffe://example.org/ns/sound/sa/other",
            "spiffe://example.org/ns/film/sa/owner",
            "spiffe://example.org/ns/film/sa/vfx-1"
        ]
    );
}

fn codes(text: &str) -> Vec<Code> {
    read(text.as_bytes()).diagnostics.iter().filter(|found| found.is_error()).map(|found| found.code).collect()
}

#[test]
fn each_arrow_of_a_chain_counts() {
    let document = |arrows: usize| {
        let chain = vec!["a"; arrows + 1].join("->");
        format!(
            "{{\"workflow\": \"w\", \"revision\": 1, \"trust_domain\": \"t\", \"namespace\": \"n\", \"actors\": [\"x\"],
            \"tasks\": {{\"a\": {{\"actor\": \"x\", \"initial\": true, \"requests\": \"/a\"}}}},
            \"transitions\": [\"{chain}\"]}}"
        )
    };
    assert!(!codes(&document(bounds::MAX_TRANSITIONS)).contains(&Code::TooMany));
    assert!(codes(&document(bounds::MAX_TRANSITIONS + 1)).contains(&Code::TooMany));
    // As many as an input of the largest size has: none is written out.
    assert!(codes(&document(2_700_000)).contains(&Code::TooMany));
    let methods = format!("{} /a", vec!["M"; MAX_VALUES].join(","));
    assert!(codes(&document(1).replace("\"/a\"", &format!("\"{methods}\""))).contains(&Code::TooMany));
    let methods = format!("{} /a", vec!["M"; bounds::MAX_METHODS + 1].join(","));
    assert!(codes(&document(1).replace("\"/a\"", &format!("\"{methods}\""))).contains(&Code::TooMany));
}

/// A workflow without forms: tasks with their actors and requests, and edges between them.
#[derive(Debug, Clone)]
struct Model {
    actors: usize,
    /// Of each task its actor and the number of methods of its request.
    tasks: Vec<(usize, usize)>,
    edges: Vec<(usize, usize)>,
}

/// Choices of forms and orders, each used once.
#[derive(Debug, Clone)]
struct Choices(Vec<u8>);

impl Choices {
    fn next(&mut self) -> bool {
        let first = self.0.first().copied().unwrap_or_default();
        self.0.rotate_left(1);
        first.is_multiple_of(2)
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in 1..items.len() {
            if self.next() {
                items.swap(at, at / 2);
            }
        }
    }
}

fn model() -> impl Strategy<Value = Model> {
    (1_usize..4, 2_usize..7).prop_flat_map(|(actors, tasks)| {
        let all: Vec<(usize, usize)> =
            (0..tasks).flat_map(|from| (from + 1..tasks).map(move |to| (from, to))).collect();
        let edges = proptest::sample::subsequence(all.clone(), 1..=all.len());
        (proptest::collection::vec((0..actors, 0_usize..3), tasks), edges).prop_map(move |(tasks, edges)| Model {
            actors,
            tasks,
            edges,
        })
    })
}

/// The long form, in the order of the model.
fn long(model: &Model) -> Value {
    let actors: Map<String, Value> = (0..model.actors)
        .map(|actor| (format!("a{actor}"), json!({"spiffe": [format!("ns/n/sa/a{actor}")]})))
        .collect();
    let tasks = model.tasks.iter().enumerate().map(|(task, (actor, methods))| {
        let mut request = json!({"path": format!("/t{task}/{{id}}")});
        if *methods > 0 {
            request["methods"] = json!(["GET", "PUT"][..*methods]);
        }
        let task_of = json!({"actor": format!("a{actor}"), "initial": task == 0, "requests": [request, {"path": format!("/x{task}")}]});
        (format!("t{task}"), task_of)
    });
    let edges = model.edges.iter().map(|(from, to)| json!({"from": format!("t{from}"), "to": format!("t{to}")}));
    json!({"workflow": "w", "revision": 1, "trust_domain": "d", "actors": actors,
        "tasks": tasks.collect::<Map<_, _>>(), "transitions": edges.collect::<Vec<_>>()})
}

/// The same in other forms, and in another order.
fn mixed(model: &Model, choices: &mut Choices) -> Value {
    let mut document = long(model);
    document["namespace"] = json!("n");
    if choices.next() {
        document["actors"] = document["actors"].as_object().unwrap().keys().cloned().collect();
    } else {
        for actor in document["actors"].as_object_mut().unwrap().values_mut() {
            if choices.next() {
                *actor = json!({});
            }
        }
    }
    for task in document["tasks"].as_object_mut().unwrap().values_mut() {
        let requests = task["requests"].as_array_mut().unwrap();
        choices.shuffle(requests);
        for request in requests {
            let methods = request.get_mut("methods").and_then(Value::as_array_mut).map(|methods| {
                choices.shuffle(methods);
                methods.iter().map(|method| method.as_str().unwrap().to_owned()).collect::<Vec<_>>().join(",") + " "
            });
            if choices.next() {
                *request = json!(methods.unwrap_or_default() + request["path"].as_str().unwrap());
            }
        }
    }
    let edges = document["transitions"].as_array_mut().unwrap();
    choices.shuffle(edges);
    let mut items: Vec<Value> = Vec::new();
    for edge in std::mem::take(edges) {
        let (from, to) = (edge["from"].as_str().unwrap(), edge["to"].as_str().unwrap());
        match items.last_mut() {
            Some(Value::String(chain)) if chain.ends_with(from) && choices.next() => *chain += &format!(" -> {to}"),
            _ if choices.next() => items.push(json!(format!("{from} -> {to}"))),
            _ => items.push(edge),
        }
    }
    *edges = items;
    document
}

proptest! {
    #[test]
    fn no_form_and_no_order_changes_the_digest(model in model(), choices in proptest::collection::vec(any::<u8>(), 64)) {
        let expected = workflow(&long(&model).to_string());
        let other = mixed(&model, &mut Choices(choices));
        prop_assert_eq!(workflow(&other.to_string()).digest, expected.digest, "{}", other);
    }
}
