//! The corpus, run by every subject.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test says what is wrong by failing"
)]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use stepgate_decision::{Code, UnixTime};
use stepgate_tests::corpus::{Corpus, Whole};
use stepgate_tests::outcome::Outcome;
use stepgate_tests::proxies::proxies;
use stepgate_tests::{envoy, native, wasm};

fn corpus() -> Corpus {
    Corpus::read().unwrap_or_else(|error| panic!("{error}"))
}

fn now() -> UnixTime {
    UnixTime::from_seconds(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs())
}

fn report(failures: &[String], run: usize) {
    assert!(failures.is_empty(), "{} of {run} cases failed:\n{}", failures.len(), failures.join("\n"));
    println!("{run} cases");
}

fn judge(whole: &Whole, answer: Result<Outcome, String>, salt: &str) -> Option<String> {
    let wrong = match answer {
        Ok(outcome) => outcome.differs(&whole.case.then, salt),
        Err(error) => vec![error],
    };
    (!wrong.is_empty()).then(|| format!("  {}: {}", whole.title(), wrong.join("; ")))
}

#[test]
fn natively() {
    let corpus = corpus();
    run(&corpus, |whole| native::run(&corpus, whole, time_of(whole)));
}

#[test]
fn in_wasm() {
    let corpus = corpus();
    let module = wasm::Module::load(&module()).unwrap_or_else(|error| panic!("{error}"));
    // Each case twice: Envoys before 1.37 have no crypto for the module.
    for has_crypto in [false, true] {
        let subject = wasm::Subject::new(&corpus, &module, has_crypto);
        run(&corpus, |whole| subject.run(whole, time_of(whole)));
        assert_eq!(subject.signatures_asked() > 0, has_crypto);
        println!("the proxy was asked for {} signatures", subject.signatures_asked());
    }
}

/// All cases that ask a gate, each with an empty record.
fn run(corpus: &Corpus, subject: impl Fn(&Whole) -> Result<Outcome, String>) {
    let cases: Vec<&Whole> = corpus.cases.iter().filter(|whole| native::can_run(whole)).collect();
    let failures: Vec<String> = cases.iter().filter_map(|whole| judge(whole, subject(whole), "")).collect();
    report(&failures, cases.len());
}

fn time_of(whole: &Whole) -> UnixTime {
    whole.when.at.as_deref().map_or_else(now, |at| {
        let at: chrono::DateTime<chrono::Utc> = at.parse().unwrap();
        UnixTime::from_seconds(u64::try_from(at.timestamp()).unwrap())
    })
}

fn module() -> PathBuf {
    std::env::var_os("STEPGATE_MODULE").expect("STEPGATE_MODULE names the filter: run `make test`").into()
}

#[test]
fn in_envoy() {
    let module = module();
    let corpus = corpus();
    let cases: Vec<&Whole> = corpus.cases.iter().filter(|whole| envoy::can_run(whole)).collect();
    println!("{} cases want a clock that can be set", corpus.cases.len() - cases.len());
    for (envoy, workers) in proxies().unwrap() {
        let subject = envoy::Subject::start(&corpus, module.clone(), envoy.clone(), workers);
        let mut subject = subject.unwrap_or_else(|error| panic!("{error}"));
        let mut failures: Vec<String> = cases
            .iter()
            .enumerate()
            .filter_map(|(at, whole)| {
                let salt = format!("x{at}");
                judge(whole, subject.run(whole, now(), &salt), &salt)
            })
            .collect();
        failures.extend(subject.disagreements().unwrap_or_else(|error| panic!("{error}")));
        failures.extend(subject.troubles().unwrap_or_else(|error| panic!("{error}")));
        println!("{envoy:?} with {workers} workers:");
        report(&failures, cases.len());
    }
}

/// A denial that no case shows is one that nobody has seen.
#[test]
fn every_code_has_a_case() {
    let corpus = corpus();
    let shown: BTreeSet<&str> = corpus.cases.iter().filter_map(|whole| whole.case.then.deny.as_deref()).collect();
    let all: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(shown, all);
}

/// A case that says nothing, or two things, asserts nothing.
#[test]
fn every_case_says_one_thing() {
    let corpus = corpus();
    let mut names = BTreeSet::new();
    for whole in &corpus.cases {
        let then = &whole.case.then;
        // `deny` beside `refused` is what a gate says that is asked all the same.
        let denied = then.deny.is_some() || then.refused.is_some();
        let said = [then.permit.is_some(), denied, then.exempt, then.observed.is_some()];
        assert_eq!(said.iter().filter(|said| **said).count(), 1, "{}", whole.title());
        assert!(names.insert(whole.title()), "{} stands twice", whole.title());
    }
}
