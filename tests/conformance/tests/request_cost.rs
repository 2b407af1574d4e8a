//! The cost of a request: the module's calls of the proxy and its instructions, for one request of each kind that is not
//! the first, and for the start with workflows of several sizes.
//!
//! `request_cost.txt` has the figures. Calls are exact; instructions may be a twentieth more. `BLESS=1` writes the file anew:
//! the change then shows what moved.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::path::Path;

use stepgate_tests::bench::{Kind, configurations, kinds};
use stepgate_tests::corpus::Corpus;
use stepgate_tests::live::now;
use stepgate_tests::trials::time_of;
use stepgate_tests::wasm::{Cost, Exchange, Module, Proxy, Subject, start, stranger};

const FIGURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/request_cost.txt");

/// A request of each kind, as a case of the corpus. Those of `make bench` follow.
const KINDS: [&str; 12] = [
    "03-exempt: a health check needs no mTLS",
    "14-identity: a plain step of its performer",
    "04-start: the initiator begins without a token",
    "05-step: a valid token is accepted",
    "05-step: a token without its signature",
    "04-start: a workload that begins nothing needs a token",
    "06-signature: ES256 in, EdDSA out",
    "06-signature: EdDSA in, ES256 out",
    "10-join: all the evidence",
    "13-via: the first call answers a start token and a receipt",
    "13-via: the caller goes on with its receipt",
    "24-guard: a header that a guard forbids is absent",
];

#[test]
fn a_request_costs_what_it_did() {
    let module = stepgate_tests::trials::module().unwrap();
    let corpus = Corpus::read().unwrap();
    let module = Module::metered(&module).unwrap();
    let mut written = String::from("# kind, proxy's crypto: instructions; calls of the proxy\n");
    for kind in KINDS {
        let whole = corpus.titled(kind).expect(kind);
        for has_crypto in [false, true] {
            let subject = Subject::new(&corpus, &module, has_crypto);
            let (_, cost) = subject.measured(whole, time_of(whole).unwrap()).unwrap();
            writeln!(written, "{}", line(kind, has_crypto, &cost)).unwrap();
        }
    }
    for kind in kinds(&corpus.environment).unwrap() {
        for has_crypto in [false, true] {
            let cost = of_the_bench(&module, &kind, &corpus, has_crypto);
            writeln!(written, "{}", line(&format!("bench: {}", kind.label), has_crypto, &cost)).unwrap();
        }
    }
    for (size, text) in configurations() {
        let mut vm = module.vm(proxy(&text, &corpus, false)).unwrap();
        let ((), cost) = Cost::of(&mut vm, start).unwrap();
        writeln!(written, "{}", line(&format!("start: {size}"), false, &cost)).unwrap();
    }
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(FIGURES, &written).unwrap();
    }
    let before = std::fs::read_to_string(Path::new(FIGURES)).unwrap();
    let moved: Vec<String> = before
        .lines()
        .zip(written.lines())
        .filter(|(before, now)| !fits(before, now))
        .map(|(before, now)| format!("before: {before}\n   now: {now}"))
        .collect();
    assert!(moved.is_empty() && before.lines().count() == written.lines().count(), "{}", moved.join("\n"));
}

/// The cost of a request that `make bench` measures.
fn of_the_bench(module: &Module, kind: &Kind, corpus: &Corpus, has_crypto: bool) -> Cost {
    let mut vm = module.vm(proxy(&kind.configuration, corpus, has_crypto)).unwrap();
    start(&mut vm).unwrap();
    stranger(&mut vm).unwrap();
    let mut exchange = Exchange::of_headers(kind.peer, kind.own, kind.headers.clone());
    exchange.response = vec![(":status".to_owned(), b"200".to_vec())];
    let (outcome, cost) = Cost::of(&mut vm, |vm| exchange.run(vm, u32::MAX)).unwrap();
    assert_eq!(outcome.denied.as_deref(), kind.denied, "{}", kind.label);
    cost
}

fn proxy(configuration: &str, corpus: &Corpus, has_crypto: bool) -> Proxy {
    let mut proxy = Proxy::new(configuration.as_bytes(), corpus.environment.0.clone(), now().seconds());
    proxy.has_crypto = has_crypto;
    proxy
}

fn line(kind: &str, has_crypto: bool, cost: &Cost) -> String {
    let calls: Vec<String> = cost.calls.iter().map(|(call, count)| format!("{count} {call:?}")).collect();
    let all: usize = cost.calls.values().sum();
    let crypto = if has_crypto { "yes" } else { "no" };
    format!("{kind}, {crypto}: {}; {all} calls: {}", cost.instructions, calls.join(", "))
}

/// Whether the calls are the same, and the instructions are not more than a twentieth more or less.
fn fits(before: &str, now: &str) -> bool {
    let parts = |line: &str| -> Option<(String, u64, String)> {
        let (before, calls) = line.split_once("; ")?;
        let (kind, instructions) = before.rsplit_once(": ")?;
        Some((kind.to_owned(), instructions.parse().ok()?, calls.to_owned()))
    };
    match (parts(before), parts(now)) {
        (Some(before), Some(now)) => {
            let near = before.1.abs_diff(now.1) <= before.1 / 20;
            (before.0, before.2) == (now.0, now.2) && near
        }
        _ => before == now,
    }
}
