//! The work for many patterns, in instructions: of a request that matches as many as a gate takes, and of reading documents
//! whose patterns are compared.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use stepgate_config::read_gate;
use stepgate_decision::Header;
use stepgate_tests::wasm::{Action, Exchange, Module, Proxy, ROOT, Vm, count, start};

/// Most instructions of one request: less than a guard may take.
const MOST_OF_A_REQUEST: u64 = 100_000_000;
/// Most instructions for reading a configuration: about two seconds.
const MOST_OF_A_START: u64 = 4_000_000_000;

/// A document with one task for each list of requests.
fn document(revision: usize, tasks: &[Vec<String>]) -> serde_json::Value {
    let tasks = tasks.iter().enumerate();
    let mut all: serde_json::Map<String, serde_json::Value> = tasks
        .clone()
        .map(|(n, requests)| (format!("t{n}"), serde_json::json!({"actor": "b", "requests": requests})))
        .collect();
    all.insert("s".to_owned(), serde_json::json!({"actor": "a", "initial": true}));
    let from = |n: usize| n.checked_sub(1).map_or_else(|| "s".to_owned(), |before| format!("t{before}"));
    let transitions: Vec<String> = tasks.map(|(n, _)| format!("{} -> t{n}", from(n))).collect();
    serde_json::json!({
        "workflow": "w", "revision": revision, "assurance": "identity", "trust_domain": "t",
        "actors": {"a": {"spiffe": ["x/a"]}, "b": {"spiffe": ["x/b"]}}, "tasks": all, "transitions": transitions,
    })
}

/// Instructions of the start, and the gate. Documents are in their long form, as `render` writes them.
fn started(module: &Module, documents: &[serde_json::Value]) -> (u64, Vm) {
    let text = serde_json::json!({"workflows": documents}).to_string();
    let mut vm = module.vm(Proxy::new(text.as_bytes(), BTreeMap::new(), 1_800_000_000)).unwrap();
    start(&mut vm).unwrap();
    (vm.instructions(), vm)
}

/// Instructions of a request's headers, which the gate lets on or not.
fn request(vm: &mut Vm, path: &str) -> (u64, Action) {
    let header = |name: &str, value: &str| -> Header { (name.to_owned(), value.as_bytes().to_vec()) };
    let headers = [(":method", "POST"), (":path", path), (":authority", "b")].map(|(name, value)| header(name, value));
    let exchange = Exchange::of_headers("spiffe://t/x/a", "spiffe://t/x/b", headers.to_vec());
    exchange.begin(vm);
    vm.call("proxy_on_context_create", &[2, ROOT]).unwrap();
    let before = vm.instructions();
    let action = vm.ask("proxy_on_request_headers", &[2, count(&exchange.headers), 1]).unwrap();
    (vm.instructions() - before, action)
}

fn module() -> Module {
    let path = stepgate_tests::trials::module().unwrap();
    Module::metered(&path).unwrap_or_else(|error| panic!("{error}"))
}

/// Of the paths no two contain each other, and all match `/a/a/…`.
#[test]
fn a_request_that_matches_as_many_patterns_as_may_be_is_decided_soon() {
    let module = module();
    let mut paths = (0_u32..1 << 15).filter(|set| set.count_ones() == 7).map(|set| {
        let segment = |at: u32| if set & (1 << at) == 0 { format!("/{{x{at}}}") } else { "/a".to_owned() };
        (0..15).map(segment).fold("POST ".to_owned(), |path, segment| path + &segment)
    });
    let mut documents: Vec<serde_json::Value> =
        (1..=8).map(|revision| document(revision, &[paths.by_ref().take(64).collect()])).collect();
    let (_, mut vm) = started(&module, &documents);
    let (most, action) = request(&mut vm, &"/a".repeat(15));
    println!("{most} instructions with 512 patterns");
    assert_eq!(action, Action::Continue);
    assert!(most < MOST_OF_A_REQUEST, "{most} instructions");
    // One more is refused, and its gate denies all requests.
    documents.push(document(9, &[paths.take(1).collect()]));
    let (_, mut vm) = started(&module, &documents);
    assert_eq!(request(&mut vm, &"/a".repeat(15)).1, Action::Pause);
    assert_eq!(vm.proxy().answers.last().map(|answer| answer.details.as_str()), Some("stepgate:NO_CONFIG"));
}

/// Patterns that have to be compared, since they begin alike: of the first, all pairs differ in a segment that comes late; the
/// others are accepted in part, and need a search.
#[test]
fn documents_whose_patterns_begin_alike_are_read_soon() {
    let module = module();
    let each = |count: usize, path: &dyn Fn(usize) -> String| -> Vec<Vec<String>> {
        (0..count).map(|n| vec![format!("POST {}", path(n))]).collect()
    };
    let round = "ab".repeat(15);
    for (name, tasks) in [
        ("late", each(1_600, &|n| format!("/{{a}}/{{b}}/{{c}}/x{n}"))),
        ("long", each(1_600, &|n| format!("{}/x{n}", "/{a}".repeat(20)))),
        (
            "searched",
            each(1_600, &|n| match n.is_multiple_of(2) {
                true => format!("/{round}{{x}}/n{n}"),
                false => format!("/{{x}}{round}/{{y}}"),
            }),
        ),
    ] {
        let documents = [document(1, &tasks)];
        let (instructions, _) = started(&module, &documents);
        let text = serde_json::json!({"workflows": documents}).to_string();
        let codes: Vec<String> =
            read_gate(text.as_bytes()).diagnostics.iter().map(|found| found.code.to_string()).take(3).collect();
        println!("{name}: {instructions} instructions, {codes:?}");
        assert!(instructions < MOST_OF_A_START, "{name}: {instructions} instructions");
    }
}
