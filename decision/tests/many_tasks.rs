//! A workload with thousands of tasks that one request may be: its time grows with their number, not with its square.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, reason = "a test fails by panicking")]

use std::fmt::Write;
use std::fs;

use stepgate_decision::keys::RustCrypto;
use stepgate_decision::permit::{HeaderMap, scrub_request_trailers};
use stepgate_decision::replay_record::MemoryStore;
use stepgate_decision::{Facts, Gate, ProxyError, UnixTime, Verdict, inbound, request_headers};

/// A chain of tasks that all accept any request of one path, and one task within them.
fn gate(tasks: usize) -> Gate {
    let mut text = "{workflows: [{workflow: chain, revision: 1, assurance: identity, trust_domain: a, \
                    actors: {caller: {spiffe: [caller]}, app: {spiffe: [app]}}, \
                    tasks: {begin: {actor: caller, initial: true}, last: {actor: app, requests: [{path: /rpc/last}]}"
        .to_owned();
    (0..tasks).for_each(|n| write!(text, ", t{n}: {{actor: app, requests: [{{path: '/rpc/{{m{n}}}'}}]}}").unwrap());
    text.push_str("}, transitions: [{from: begin, to: t0}, {from: t0, to: last}");
    (1..tasks).for_each(|n| write!(text, ", {{from: t{}, to: t{n}}}", n - 1).unwrap());
    text.push_str("]}]}");
    built(&text)
}

/// A chain of tasks of which each lies within the one before.
fn nested(tasks: usize) -> Gate {
    let mut text = "{workflows: [{workflow: nested, revision: 1, assurance: identity, trust_domain: a, \
                    actors: {caller: {spiffe: [caller]}, app: {spiffe: [app]}}, \
                    tasks: {begin: {actor: caller, initial: true}"
        .to_owned();
    let path = |n| "/a".repeat(n + 1);
    (0..tasks).for_each(|n| write!(text, ", t{n}: {{actor: app, requests: [{{path: '{}/**'}}]}}", path(n)).unwrap());
    text.push_str("}, transitions: [{from: begin, to: t0}");
    (1..tasks).for_each(|n| write!(text, ", {{from: t{}, to: t{n}}}", n - 1).unwrap());
    text.push_str("]}]}");
    built(&text)
}

/// A chain of tasks of one path, each told apart by a header.
fn told_apart(tasks: usize) -> Gate {
    let mut text = "{workflows: [{workflow: tools, revision: 1, assurance: identity, trust_domain: a, \
                    actors: {caller: {spiffe: [caller]}, app: {spiffe: [app]}}, \
                    tasks: {begin: {actor: caller, initial: true}"
        .to_owned();
    for n in 0..tasks {
        write!(text, ", t{n}: {{actor: app, requests: [{{path: /rpc, headers: {{x-tool: t{n}}}}}]}}").unwrap();
    }
    text.push_str("}, transitions: [{from: begin, to: t0}");
    (1..tasks).for_each(|n| write!(text, ", {{from: t{}, to: t{n}}}", n - 1).unwrap());
    text.push_str("]}]}");
    built(&text)
}

fn built(text: &str) -> Gate {
    Gate::new(stepgate_config::read_gate(text.as_bytes()).into_result().unwrap().0, &|_| None).unwrap().0
}

/// Nanoseconds that this thread has run: other processes do not count.
fn run_time() -> u64 {
    let times = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    times.split(' ').next().unwrap().parse().unwrap()
}

fn facts(path: &str) -> Facts {
    let headers = request_headers("POST", path, "app", []);
    let now = UnixTime::from_seconds(1_800_000_000);
    Facts::received(Some("spiffe://a/caller"), "spiffe://a/app", headers, now, [7; 32])
}

/// The time of so many requests that lie within all tasks, of which only the first begins an instance.
fn time_within(tasks: usize, requests: usize) -> u64 {
    let (gate, facts) = (nested(tasks), facts(&"/a".repeat(tasks + 1)));
    let begun = run_time();
    for _ in 0..requests {
        let verdict = inbound(Some(&gate), &facts, &RustCrypto, &mut MemoryStore::default());
        assert!(matches!(verdict, Verdict::Denied(_)));
    }
    run_time() - begun
}

/// A path of eight times the length takes eight times as long to compare: 64 times in all.
#[test]
fn a_task_is_not_compared_with_all_tasks_within_it() {
    let (few, many) = (time_within(60, 256), time_within(480, 4));
    // 8 times the time, if each task were compared with all those before it.
    assert!(many < few * 3, "{few} ns with 60 tasks, {many} ns with 480");
}

/// The time of some requests that begin an instance, and of as many that are the task within.
fn time(gate: &Gate) -> u64 {
    let decide = |facts: &Facts| inbound(Some(gate), facts, &RustCrypto, &mut MemoryStore::default());
    let begun = run_time();
    for _ in 0..16 {
        assert!(matches!(decide(&facts("/rpc/first")), Verdict::Permitted(_)));
        assert!(matches!(decide(&facts("/rpc/last")), Verdict::Denied(_)));
    }
    run_time() - begun
}

#[test]
fn a_request_is_compared_with_patterns_and_not_task_with_task() {
    let (few, many) = (time(&gate(1_000)), time(&gate(4_000)));
    // 16 times the time, if tasks were compared with one another.
    assert!(many < few * 10, "{few} ns with 1,000 tasks, {many} ns with 4,000");
}

#[test]
fn a_request_with_a_header_is_compared_with_each_task_once() {
    let time = |tasks| {
        let (gate, mut facts) = (told_apart(tasks), facts("/rpc"));
        facts.headers.push(("x-tool".to_owned(), b"t0".to_vec()));
        let begun = run_time();
        for _ in 0..16 {
            let verdict = inbound(Some(&gate), &facts, &RustCrypto, &mut MemoryStore::default());
            assert!(matches!(verdict, Verdict::Permitted(_)));
        }
        run_time() - begun
    };
    // `check` compares 2,000,000 pairs at most.
    let (few, many) = (time(475), time(1_900));
    // 16 times the time, if tasks were compared with one another.
    assert!(many < few * 10, "{few} ns with 475 tasks, {many} ns with 1,900");
}

/// A chain of tasks of which each names eight headers that no other names.
fn of_many_headers(tasks: usize) -> Gate {
    let mut text = "{workflows: [{workflow: names, revision: 1, assurance: identity, trust_domain: a, \
                    actors: {caller: {spiffe: [caller]}, app: {spiffe: [app]}}, \
                    tasks: {begin: {actor: caller, initial: true}"
        .to_owned();
    for n in 0..tasks {
        let headers: Vec<String> = (0..8).map(|at| format!("x-name-{:05}: '1'", n * 8 + at)).collect();
        let headers = headers.join(", ");
        write!(text, ", t{n}: {{actor: app, requests: [{{path: '/t{n}', headers: {{{headers}}}}}]}}").unwrap();
    }
    text.push_str("}, transitions: [{from: begin, to: t0}");
    (1..tasks).for_each(|n| write!(text, ", {{from: t{}, to: t{n}}}", n - 1).unwrap());
    text.push_str("]}]}");
    built(&text)
}

/// 500 headers, of which those of the first task are the last.
fn many_headers(prefix: &str) -> Vec<(String, Vec<u8>)> {
    let others = (0..492).map(|n| format!("{prefix}-other-{n:03}"));
    let named = (0..8).map(|n| format!("{prefix}-name-{n:05}"));
    others.chain(named).map(|name| (name, b"1".to_vec())).collect()
}

/// Nobody needs mTLS to send these.
#[test]
fn each_header_of_a_request_is_looked_up_and_not_each_name_of_the_documents() {
    let time = |tasks| {
        let (gate, mut facts) = (of_many_headers(tasks), facts("/t0"));
        facts.headers.extend(many_headers("x"));
        let begun = run_time();
        for _ in 0..4 {
            let verdict = inbound(Some(&gate), &facts, &RustCrypto, &mut MemoryStore::default());
            assert!(matches!(verdict, Verdict::Permitted(_)));
        }
        run_time() - begun
    };
    let (few, many) = (time(250), time(4_000));
    // 16 times the time, if each name were compared with each header.
    assert!(many < few * 3, "{few} ns with 2,000 names, {many} ns with 32,000");
}

struct NoProxy(usize);

impl HeaderMap for NoProxy {
    fn remove(&mut self, _: &str) -> Result<(), ProxyError> {
        self.0 += 1;
        Ok(())
    }

    fn set(&mut self, _: &str, _: &str) -> Result<(), ProxyError> {
        Ok(())
    }
}

#[test]
fn each_trailer_of_a_request_is_looked_up_and_not_each_name_of_the_documents() {
    let time = |tasks| {
        let gate = of_many_headers(tasks);
        let begun = run_time();
        for _ in 0..4 {
            // `x_name` is `x-name` to some servers.
            for prefix in ["x", "X"] {
                let mut trailers = many_headers(prefix);
                trailers.push(("x_name.00009".to_owned(), b"1".to_vec()));
                let mut map = NoProxy(0);
                scrub_request_trailers(&gate, &trailers, &mut map).unwrap();
                assert_eq!(map.0, 9);
            }
        }
        run_time() - begun
    };
    let (few, many) = (time(250), time(4_000));
    assert!(many < few * 3, "{few} ns with 2,000 names, {many} ns with 32,000");
}
