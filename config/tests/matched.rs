//! How many patterns one request may match, in all documents of a gate: more than 512 are an error. The numbers are counted by
//! hand.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, reason = "a test fails by panicking")]

use stepgate_config::{Code, read_gate};

/// A document with one task for each list of requests.
fn document(name: &str, revision: usize, tasks: &[Vec<String>]) -> serde_json::Value {
    let tasks = tasks.iter().enumerate();
    let named =
        tasks.clone().map(|(n, requests)| (format!("t{n}"), serde_json::json!({"actor": "b", "requests": requests})));
    let mut all: serde_json::Map<String, serde_json::Value> = named.collect();
    all.insert("s".to_owned(), serde_json::json!({"actor": "a", "initial": true}));
    let transitions: Vec<String> = tasks
        .map(|(n, _)| format!("{} -> t{n}", if n == 0 { "s".to_owned() } else { format!("t{}", n - 1) }))
        .collect();
    serde_json::json!({
        "workflow": name, "revision": revision, "assurance": "identity", "trust_domain": "a",
        "actors": {"a": {"spiffe": ["a"]}, "b": {"spiffe": ["b"]}}, "tasks": all, "transitions": transitions,
    })
}

fn errors(documents: &[serde_json::Value]) -> Vec<Code> {
    let text = serde_json::json!({"workflows": documents}).to_string();
    read_gate(text.as_bytes()).diagnostics.iter().filter(|found| found.is_error()).map(|found| found.code).collect()
}

/// Paths of 15 segments of which seven are `a` and the others variables: of no two does one contain the other, and all match
/// `/a/a/…`.
fn crossing() -> impl Iterator<Item = String> {
    (0_u32..1 << 15).filter(|set| set.count_ones() == 7).map(|set| {
        (0..15).fold("POST ".to_owned(), |path, at| {
            if set & (1 << at) == 0 { format!("{path}/{{x{at}}}") } else { format!("{path}/a") }
        })
    })
}

/// So many revisions of one task with 64 such paths each.
fn revisions(count: usize) -> Vec<serde_json::Value> {
    let mut paths = crossing();
    (1..=count).map(|revision| document("w", revision, &[paths.by_ref().take(64).collect()])).collect()
}

#[test]
fn more_than_512_patterns_of_one_request_are_an_error() {
    assert_eq!(errors(&revisions(8)), []);
    assert_eq!(errors(&revisions(9)), [Code::TooMany]);
    assert_eq!(errors(&revisions(64)), [Code::TooMany]);
    // Each lies within the one before.
    let path = |n: usize| format!("POST {}{}/**", "/a".repeat(n / 2), if n.is_multiple_of(2) { "" } else { "/{x}" });
    let nested = |count| (0..count).map(|n| vec![path(n)]).collect::<Vec<_>>();
    assert_eq!(errors(&[document("w", 1, &nested(512))]), []);
    assert_eq!(errors(&[document("w", 1, &nested(513))]), [Code::TooMany]);
}

#[test]
fn patterns_that_no_request_matches_together_are_not_added() {
    let each = |count: usize, path: &dyn Fn(usize) -> String| (0..count).map(|n| vec![path(n)]).collect::<Vec<_>>();
    for tasks in [
        // They differ in a segment, behind variables or not.
        each(1_000, &|n| format!("POST /x{n}/{{a}}/{{b}}")),
        each(1_000, &|n| format!("POST /{{a}}/{{b}}/x{n}")),
        // They are of other lengths.
        each(520, &|n| format!("POST {}", "/{a}".repeat(n % 100 + 1))),
    ] {
        let found = errors(&[document("w", 1, &tasks)]);
        assert!(!found.contains(&Code::TooMany), "{found:?}");
    }
    // One pattern in all revisions counts once.
    let same: Vec<_> = (1..=64).map(|revision| document("w", revision, &[crossing().take(64).collect()])).collect();
    assert_eq!(errors(&same), []);
}

/// A header with another value is another request; a header that only one names is not.
#[test]
fn patterns_that_a_header_or_a_host_tells_apart_are_not_added() {
    let told_apart = |key: &dyn Fn(usize) -> serde_json::Value| {
        let mut document = document("w", 1, &vec![Vec::new(); 600]);
        for n in 0..600 {
            let mut request = serde_json::json!({"path": "/rpc"});
            request.as_object_mut().unwrap().extend(key(n).as_object().unwrap().clone());
            let tasks = document.get_mut("tasks").unwrap();
            tasks.get_mut(format!("t{n}")).unwrap()["requests"] = serde_json::json!([request]);
        }
        errors(&[document]).contains(&Code::TooMany)
    };
    assert!(!told_apart(&|n| serde_json::json!({"headers": {"x-tool": format!("t{n}")}})));
    assert!(!told_apart(&|n| serde_json::json!({"host": format!("h{n}.example")})));
    let named = |document: usize| {
        let request =
            |n: usize| serde_json::json!({"path": "/rpc", "headers": {format!("x-tool-{document}-{n}"): "t"}});
        let mut found = self::document("w", document, &[Vec::new()]);
        found["tasks"]["t0"]["requests"] = (0..60).map(request).collect();
        found
    };
    assert_eq!(errors(&(1..=8).map(named).collect::<Vec<_>>()), []);
    assert_eq!(errors(&(1..=9).map(named).collect::<Vec<_>>()), [Code::TooMany]);
}
