//! The corpus, run by the native decision: `cargo test -p stepgate-tests --test native -- 'part of a name'`.

use std::collections::BTreeSet;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use stepgate_decision::Code;
use stepgate_tests::corpus::Corpus;
use stepgate_tests::native;
use stepgate_tests::trials::{corpus, time_of, trial};

fn main() -> Result<ExitCode, String> {
    let arguments = Arguments::from_args();
    let corpus = corpus()?;
    let cases = corpus.cases.iter().filter(|whole| native::can_run(whole));
    let mut trials: Vec<Trial> =
        cases.map(|whole| trial(whole, "native", "", |whole| native::run(corpus, whole, time_of(whole)?))).collect();
    trials.push(Trial::test("every code has a case", || every_code_has_a_case(corpus)));
    trials
        .push(Trial::test("every case says one thing, under a name of its own", || every_case_says_one_thing(corpus)));
    Ok(libtest_mimic::run(&arguments, trials).exit_code())
}

/// If a denial has no case, its code is untested.
fn every_code_has_a_case(corpus: &Corpus) -> Result<(), Failed> {
    let shown: BTreeSet<&str> = corpus.cases.iter().filter_map(|whole| whole.case.then.deny.as_deref()).collect();
    let all: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    let differ: Vec<&&str> = all.symmetric_difference(&shown).collect();
    if differ.is_empty() { Ok(()) } else { Err(format!("codes without a case, or unknown codes: {differ:?}").into()) }
}

/// A case with no verdict, or with two, asserts nothing.
fn every_case_says_one_thing(corpus: &Corpus) -> Result<(), Failed> {
    let mut names = BTreeSet::new();
    for whole in &corpus.cases {
        let then = &whole.case.then;
        // `deny` beside `refused` is the gate's own answer to a request that the proxy refuses first.
        let denied = then.deny.is_some() || then.refused.is_some();
        let said = [then.permit.is_some(), denied, then.exempt, then.observed.is_some()];
        if said.iter().filter(|said| **said).count() != 1 {
            return Err(format!(
                "{}: `then` must have exactly one of permit, deny or refused, exempt, observed",
                whole.title()
            )
            .into());
        }
        if !names.insert(whole.title()) {
            return Err(format!("two cases are named {}", whole.title()).into());
        }
    }
    Ok(())
}
