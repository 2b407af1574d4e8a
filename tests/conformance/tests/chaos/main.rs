//! The module in a proxy that misbehaves: each call may fail, return odd bytes, come late, twice, or from within
//! another. The module never traps, and nothing goes on, whole or in part, unless the case permits it.
//!
//! Every call of some cases with every fault; then cases, faults and orders of callbacks at random. The gate believes
//! plausible answers of the proxy (the peer, the time, the content of the record): the proxy is trusted for these.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

mod check;
mod faults;
mod scenario;
mod script;

use std::ops::Range;
use std::sync::LazyLock;

use stepgate_decision::Header;
use stepgate_tests::corpus::Corpus;
use stepgate_tests::random::Rng;
use stepgate_tests::wasm::{Action, Fault, Function, Module, Odd};

use check::broken_rules;
use faults::{all_faults, faults, good};
use scenario::{Faults, SMUGGLED, Scenario, Story};
use script::{Callback, STREAM, disorders, in_order, shuffled};

static MODULE: LazyLock<Module> = LazyLock::new(|| {
    let path = stepgate_tests::trials::module().unwrap();
    Module::load(&path).unwrap_or_else(|error| panic!("{error}"))
});
static CORPUS: LazyLock<Corpus> = LazyLock::new(|| Corpus::read().unwrap_or_else(|error| panic!("{error}")));

/// Cases that together show every outcome of a request.
const CASES: [&str; 14] = [
    "05-step: a valid token is accepted",
    "15-observe: a request without a step goes on without one",
    "13-via: over gRPC the receipt comes in the trailers",
    "10-join: all the evidence",
    "16-baggage: a token in the baggage",
    "14-identity: a plain step of its performer",
    "03-exempt: a health check needs no mTLS",
    "06-signature: ES256 in, EdDSA out",
    "06-signature: EdDSA in, ES256 out",
    "06-signature: an ES256 signature that was touched",
    "07-workflow: a stolen token does not help another actor",
    "12-replay-record: a token is taken once",
    "08-transition: another gRPC method is denied in gRPC",
    "01-configuration: a configuration with a typo exempts nothing",
];

/// The seeds that are tried; `STEPGATE_SEEDS=FROM..TO` selects others, and more.
const SEEDS: std::ops::Range<u64> = 0..1500;

/// Runs a case with these faults and returns the rules that were broken.
fn broken(scenario: &Scenario<'_>, honest: &Story, faults: &Faults, script: &[Callback]) -> Vec<String> {
    match scenario.run(&MODULE, faults, script) {
        Ok(story) => {
            let mut broken = broken_rules(scenario, honest, faults, &story);
            // A trap fails closed. It is correct if the proxy lies, and only then.
            broken.extend(story.trap.and_then(|(why, may)| (!may).then_some(why)));
            broken
        }
        Err(why) => vec![why],
    }
}

fn told(scenario: &Scenario<'_>, what: &str, broken: &[String]) -> Option<String> {
    (!broken.is_empty()).then(|| format!("{}, {what}:\n    {}", scenario.title(), broken.join("\n    ")))
}

fn report(failures: &[String], runs: usize) {
    let shown = failures.iter().take(30).cloned().collect::<Vec<_>>().join("\n");
    assert!(failures.is_empty(), "{} of {runs} runs:\n{shown}", failures.len());
    println!("{runs} runs");
}

/// The cases of these titles, or all.
fn scenarios(titles: Option<&[&str]>) -> Vec<(Scenario<'static>, Story)> {
    let wanted = |title: &str| titles.is_none_or(|titles| titles.contains(&title));
    let cases = CORPUS.cases.iter().filter(|whole| whole.case.given.bucket_load == 0 && wanted(&whole.title()));
    let scenarios: Vec<_> = cases
        .map(|whole| {
            let scenario = Scenario::of(&CORPUS, whole).unwrap_or_else(|why| panic!("{}: {why}", whole.title()));
            let honest = scenario.honest(&MODULE).unwrap_or_else(|why| panic!("{}: {why}", whole.title()));
            (scenario, honest)
        })
        .collect();
    assert_eq!(scenarios.len(), titles.map_or(scenarios.len(), <[&str]>::len), "each title names a case");
    scenarios
}

/// The same, each with the state before the stream kept.
fn begun(titles: &[&str]) -> Vec<(Scenario<'static>, Story)> {
    let mut scenarios = scenarios(Some(titles));
    for (scenario, honest) in &mut scenarios {
        scenario.keep(&MODULE).unwrap_or_else(|why| panic!("{}: {why}", scenario.title()));
        let again = scenario.honest(&MODULE).unwrap_or_else(|why| panic!("{}: {why}", scenario.title()));
        assert_eq!((&again.asked, &again.calls), (&honest.asked, &honest.calls), "{}", scenario.title());
    }
    scenarios
}

/// Without faults, the outcome is the case's, and all smuggled parts are removed.
#[test]
fn an_honest_proxy_comes_to_what_the_case_says() {
    let mut failures = Vec::new();
    let scenarios = scenarios(None);
    for (scenario, honest) in &scenarios {
        let mut broken = broken_rules(scenario, honest, &Faults::new(), honest);
        let (_, action, part) = honest.answer(Callback::RequestHeaders(STREAM)).unwrap();
        let wanted = if scenario.whole.case.then.deny.is_some() { Action::Pause } else { Action::Continue };
        if *action != wanted {
            broken.push(format!("{action:?}, not {wanted:?}"));
        }
        let mut parts = vec![part];
        for callback in
            [Callback::RequestTrailers(STREAM), Callback::ResponseHeaders(STREAM), Callback::ResponseTrailers(STREAM)]
        {
            parts.push(&honest.answer(callback).unwrap().2);
        }
        let smuggled =
            |part: &&Vec<Header>| part.iter().any(|(_, value)| String::from_utf8_lossy(value).contains(SMUGGLED));
        if *action == Action::Continue && parts.iter().any(smuggled) {
            broken.push(format!("a smuggled part comes out: {parts:?}"));
        }
        failures.extend(told(scenario, "honestly", &broken));
    }
    report(&failures, scenarios.len());
}

#[test]
fn each_call_of_a_stream_fails_in_each_way() {
    fail_each_call(begun(&CASES), |story| story.begins..story.calls.len(), is_believed);
}

/// Up to the configuration, the calls of all cases are alike, except for the test of the proxy's crypto.
#[test]
fn each_call_of_a_start_fails_in_each_way() {
    let scenarios = scenarios(Some(&["06-signature: EdDSA in, ES256 out"]));
    fail_each_call(scenarios, |story| 0..story.begins, |_, _, _| false);
}

/// Plays each scenario once for each of these calls and each way in which it can fail, except for what is left out.
fn fail_each_call(
    scenarios: impl IntoIterator<Item = (Scenario<'static>, Story)>,
    calls: impl Fn(&Story) -> Range<usize>,
    left_out: impl Fn(&Scenario<'_>, Function, &Fault) -> bool,
) {
    let (mut failures, mut runs) = (Vec::new(), 0);
    for (scenario, honest) in scenarios {
        for at in calls(&honest) {
            let function = honest.calls[at];
            for fault in faults(function) {
                if left_out(&scenario, function, &fault) {
                    continue;
                }
                runs += 1;
                let faults = Faults::from([(at, fault.clone())]);
                let broken = broken(&scenario, &honest, &faults, &in_order());
                failures.extend(told(&scenario, &format!("call {at}, {function:?}: {fault:?}"), &broken));
            }
        }
    }
    report(&failures, runs);
}

#[test]
fn callbacks_come_late_twice_and_of_no_stream() {
    let (mut failures, mut runs) = (Vec::new(), 0);
    for (scenario, honest) in begun(&CASES) {
        for script in disorders() {
            runs += 1;
            let broken = broken(&scenario, &honest, &Faults::new(), &script);
            failures.extend(told(&scenario, &format!("{script:?}"), &broken));
        }
    }
    report(&failures, runs);
}

/// Any case, some faults anywhere, and callbacks in some order.
#[test]
fn at_random() {
    let asked = std::env::var("STEPGATE_SEEDS").ok().map(|range| {
        let (from, to) = range.split_once("..").expect("STEPGATE_SEEDS=FROM..TO");
        from.parse().unwrap()..to.parse().unwrap()
    });
    let scenarios = scenarios(None);
    let (mut failures, mut runs, mut refused) = (Vec::new(), 0, 0);
    for seed in asked.unwrap_or(SEEDS) {
        let mut rng = Rng::new(seed);
        let (scenario, honest) = &scenarios[rng.below(scenarios.len())];
        let script = if rng.chance(40) { shuffled(&mut rng) } else { in_order() };
        let mut some = Faults::new();
        for _ in 0..=rng.below(6) {
            // The case gives the outcome of the requests before.
            let first = if rng.chance(80) || scenario.whole.case.given.taken > 0 { honest.begins } else { 0 };
            let at = first + rng.below(honest.calls.len() - first);
            let fault = rng.pick(&all_faults(honest.calls[at])).unwrap();
            if !is_believed(scenario, honest.calls[at], &fault) {
                some.insert(at, fault);
            }
        }
        runs += 1;
        let broken = broken(scenario, honest, &some, &script);
        refused += usize::from(broken.is_empty());
        failures.extend(told(scenario, &format!("seed {seed}: {some:?} {script:?}"), &broken));
    }
    assert!(refused + failures.len() == runs);
    report(&failures, runs);
}

/// Lies of a proxy that a gate cannot detect: another time, if the case is about time; another record, if it is
/// about consumed transitions; another own workload, if that decides whether the gate enforces, or whether a request is a
/// task and so not exempt.
fn is_believed(scenario: &Scenario<'_>, function: Function, fault: &Fault) -> bool {
    let code = scenario.whole.case.then.deny.as_deref();
    match (function, fault) {
        (Function::Time, Fault::Time(_) | Fault::Silent) => {
            matches!(code, Some("EXPIRED" | "NOT_YET" | "DEADLINE" | "GUARD"))
        }
        (Function::Property, Fault::Bytes(_) | Fault::Misjudged(_)) => {
            matches!(scenario.whole.gate.as_str(), "observe" | "vault") && code.is_some()
        }
        (Function::Verify, Fault::Answers(answer)) => code == Some("BAD_SIGNATURE") && *answer == good(),
        (Function::GetShared, Fault::Bytes(Odd::Half | Odd::All(_))) => {
            matches!(code, Some("ALREADY_TAKEN" | "CAPACITY"))
        }
        _ => false,
    }
}
