//! Hostile inputs: each is rejected, in bounded time.
//!
//! The limits of time are generous, for busy machines: they catch work that grows with the square of the input.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::time::{Duration, Instant};

use stepgate_config::bounds::MAX_CONTESTED;
use stepgate_config::starts::compare;
use stepgate_config::{Checked, Code, MAX_INPUT, MAX_VALUES, Outcome, read};

/// The largest input; a smaller one in builds without optimisation.
const LONG: usize = if cfg!(debug_assertions) { MAX_INPUT / 8 } else { MAX_INPUT };

fn timed(name: &str, text: &str) -> Outcome {
    let begin = Instant::now();
    let outcome = read(text.as_bytes());
    let time = begin.elapsed();
    let limit = if cfg!(debug_assertions) { 60 } else { 4 };
    assert!(time < Duration::from_secs(limit), "{name}: {time:?}");
    println!(
        "{name}: {time:?}, {} diagnostics, {:?}",
        outcome.diagnostics.len(),
        outcome.diagnostics.first().map(ToString::to_string)
    );
    outcome
}

fn rejected(name: &str, text: &str) {
    assert!(timed(name, text).checked.is_none(), "{name}");
}

#[test]
fn long_and_deep_inputs_are_rejected() {
    let fill = |unit: &str| unit.repeat(LONG / unit.len());
    for unit in [
        "[", "{a: ", "- ", "? ", "a:\n", "a: b\n", "\"", "'", "&a ", "!a ", "#", " ", "\t", "\n", "a", "a b\n",
        "%A b\n", "|\n", "- - ", "[]", "{},",
    ] {
        rejected(unit, &fill(unit));
    }
    rejected("zeros", &format!("[{}0]", "0,".repeat(LONG / 2 - 2)));
    rejected("keys", &(0..LONG / 28).map(|n| format!("k{n}: 1\n")).collect::<String>());
    rejected("steps", &(0..300).map(|n| format!("{}a:\n", " ".repeat(n))).collect::<String>());
}

/// Aliases, which other readers expand, are rejected at any depth, and never expanded here.
#[test]
fn aliases_are_rejected() {
    let levels = |line: &dyn Fn(usize) -> String| (1..40).map(line).collect::<String>();
    let aliases = levels(&|n| format!("k{n}: &k{n} [{}]\n", vec![format!("*k{}", n - 1); 9].join(", ")));
    rejected("aliases", &format!("k0: &k0 x\n{aliases}"));
    let merges = levels(&|n| format!("k{n}: &k{n} {{<<: [*k{0}, *k{0}]}}\n", n - 1));
    rejected("merge keys", &format!("k0: &k0 {{a: b}}\n{merges}"));
    rejected("anchors", &(0..LONG / 24).map(|n| format!("- &k{n} x\n")).collect::<String>());
    rejected("one anchor", &"- &k x\n".repeat(LONG / 8));
    rejected("an alias within its own anchor", "a: &a [*a]\n");
    rejected("tags", &"- !!binary aGk=\n".repeat(LONG / 24));
    rejected("tag prefixes", &format!("%TAG !e! tag:{}\n---\na: !e!b c\n", "x".repeat(LONG / 2)));
    rejected("documents", &"---\na: b\n...\n".repeat(LONG / 16));
}

#[test]
fn inputs_of_one_long_part_are_rejected() {
    let long = LONG / 2;
    rejected("a key", &format!("{}: 1\n", "k".repeat(long)));
    rejected("a key in quotes", &format!("\"{}\": 1\n", "\\u006b".repeat(long / 6)));
    rejected("a key in question", &format!("? {}\n: 1\n", "k".repeat(long)));
    rejected("a number", &format!("a: {}\n", "1".repeat(long)));
    rejected("a number in JSON", &format!("{{\"a\": {}}}", "1".repeat(long)));
    rejected("an exponent", &format!("{{\"a\": 1e{}}}", "1".repeat(long)));
    rejected("a number of base 60", &format!("a: 1{}\n", ":30".repeat(long / 3)));
    rejected("a number with spaces", &format!("a: 1{}\n", "_0".repeat(long / 2)));
    rejected("a name like others", &format!("workflow: {}\n", "w".repeat(long)));
    rejected("a comment", &format!("# {}\n", "x".repeat(long)));
    rejected("a mark of byte order", &"\u{feff}".repeat(long / 3));
}

#[test]
fn values_are_counted() {
    let text = format!("[{}0]", "0,".repeat(MAX_VALUES));
    let codes: Vec<Code> = timed("values", &text).diagnostics.iter().map(|d| d.code).collect();
    assert_eq!(codes, [Code::TooMany]);
}

fn document(actors: usize, tasks: usize, keys: &str, transitions: impl Iterator<Item = (usize, usize)>) -> String {
    let mut text = "workflow: w\nrevision: 1\ntrust_domain: t\nactors:\n".to_owned();
    (0..actors).for_each(|n| text.push_str(&format!("  a{n}: {{spiffe: [x/{n}]}}\n")));
    text.push_str("tasks:\n  t0: {actor: a0, initial: true, max_visits: 2}\n");
    (1..tasks).for_each(|n| {
        text.push_str(&format!("  t{n}: {{actor: a{}, requests: [{{path: /{n}}}]{keys}}}\n", n % actors))
    });
    text.push_str("transitions:\n");
    transitions.for_each(|(from, to)| text.push_str(&format!("  - {{from: t{from}, to: t{to}}}\n")));
    text
}

#[test]
fn the_largest_documents_are_read() {
    let chain = document(1_024, 4_096, "", (0..4_095).map(|n| (n, n + 1)));
    assert!(timed("a long chain", &chain).checked.is_some());
    let full = document(1_024, 4_096, "", (0..16).flat_map(|from| (0..4_080).map(move |n| (from, n + 16))));
    assert!(timed("many ways", &full).checked.is_some());
    let cycle = document(
        64,
        4_096,
        ", max_visits: 3",
        (0..65_536).map(|n: usize| (n % 4_096, (n * 7 + n / 4_096 + 1) % 4_096)),
    );
    timed("cycles", &cycle);
}

/// Two workflows of the same two actors, each with thousands of starts.
#[test]
fn starts_are_compared_within_a_bound() {
    let starts = |name: &str, folder: &str| {
        let text = document(2, 4_000, "", (1..2_000).map(|n| (0, n * 2 - 1)));
        text.replace("workflow: w", &format!("workflow: {name}")).replace("path: /", &format!("path: /{folder}/"))
    };
    let compared = |second: &str| {
        let documents = [starts("v", "a"), second.to_owned()].map(|text| timed("starts", &text).checked.unwrap());
        let [Checked::Workflow(one), Checked::Workflow(two)] = documents else { panic!("not documents") };
        let begin = Instant::now();
        let found = compare([&*one, &*two]);
        assert!(begin.elapsed() < Duration::from_secs(20));
        (found.contested.len(), found.incomplete)
    };
    assert_eq!(compared(&starts("w", "b")), (0, true));
    assert_eq!(compared(&starts("w", "a")), (MAX_CONTESTED, true));
    assert_eq!(compared(&starts("v", "a")), (0, false));
}

#[test]
fn work_that_grows_with_the_square_is_bounded() {
    let unbounded = document(64, 4_096, "", (0..65_536).map(|n: usize| (n % 4_096, (n * 7 + n / 4_096 + 1) % 4_096)));
    rejected("cycles without a bound", &unbounded);
    let apart = document(1, 4_096, "", (0..16).flat_map(|from| (0..4_080).map(move |n| (from, n + 16))));
    assert!(timed("requests to tell apart", &apart).diagnostics.iter().all(|found| found.code != Code::TooMany));
    rejected("requests to compare", &apart.replace("path: /", "path: '/{x}/").replace("}]", "'}]"));
    let joins = document(1_024, 4_096, ", join: all", (0..4_094).flat_map(|n| [(n, n + 1), (n, n + 2)]));
    rejected("joins", &joins);
    let some = (0..4_094).flat_map(|n| [(n, n + 1), (n, n + 2)]);
    let mut carried = document(1_024, 4_096, "", some);
    (3_800..4_000)
        .for_each(|n| carried = carried.replace(&format!("path: /{n}}}]"), &format!("path: /{n}}}], join: all")));
    timed("joins far from their fork", &carried);
    let names = document(1_024, 4_096, "", (0..4_000).map(|n| (n + 10_000, n + 20_000)));
    rejected("names to find again", &names);
    let all = || (0..8).flat_map(|from| (0..4_080).map(move |n| (from, n + 16)));
    rejected("transitions written twice", &document(1_024, 4_096, "", all().chain(all().map(|_| (7, 4_095)))));
    let keys = "a: {x: ".to_owned()
        + &"y".repeat(1 << 20)
        + "}\n"
        + &(0..10_000).map(|n| format!("wrkflow{n}: 1\n")).collect::<String>();
    rejected("keys to find again", &keys);
}

#[test]
fn guards_are_bounded_together() {
    let mut text = "workflow: w\nrevision: 1\ntrust_domain: t\nactors: {a: {spiffe: [a]}, b: {spiffe: [b]}}\ntasks:\n  s: {actor: a, initial: true}\n".to_owned();
    (0..300).for_each(|n| text.push_str(&format!("  t{n}: {{actor: b, requests: [{{path: /{n}}}]}}\n")));
    text.push_str("transitions:\n");
    (0..300).for_each(|n| {
        text.push_str(&format!("  - {{from: s, to: t{n}, when: '{n} in [{}]'}}\n", vec!["1"; 400].join(",")))
    });
    let outcome = timed("guards", &text);
    assert!(outcome.diagnostics.iter().any(|d| d.code == Code::GuardBound));
    let wrong = text.replace("1,1,1,1,1,1,1,1", "(((((((((((((((");
    rejected("wrong guards", &wrong);
}

/// The stack of a gate is small, and recursion in it is bounded. Frames are many times larger in builds without
/// optimisation.
#[test]
fn a_small_stack_is_enough() {
    let guard = |when: String| {
        let text = document(2, 2, "", [(0, 1)].into_iter()).replace("to: t1}", &format!("to: t1, when: '{when}'}}"));
        text.replace(", max_visits: 2", "")
    };
    let deep: Vec<String> = [
        format!("{}true{}", "(".repeat(8), ")".repeat(8)),
        format!("{}true", "true ? true : ".repeat(8)),
        vec!["1"; 64].join(" + "),
        "!".repeat(60) + "true",
        format!("peer.id{}", ".x".repeat(60)),
        vec!["true"; 400].join(" && "),
        format!("1 in {}1{}", "[".repeat(8), "]".repeat(8)),
        format!("{}1{}", "1 + (1 + 1 + 1 + ".repeat(8), ")".repeat(8)),
        format!("{}1{}", "size(".repeat(8), ")".repeat(8)),
    ]
    .map(guard)
    .into();
    let nested = "[".repeat(64) + &"]".repeat(64);
    let run = move || {
        for text in deep.iter().chain([&nested]) {
            let _ = timed("deep", text);
        }
    };
    let stack = if cfg!(debug_assertions) { 2 << 20 } else { 256 << 10 };
    std::thread::Builder::new().stack_size(stack).spawn(run).unwrap().join().unwrap();
}
