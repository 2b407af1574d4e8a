//! Applications that hand the step on: with the middlewares of `apps/`, each in its own runtime, and with OpenTelemetry's
//! automatic instrumentation alone. Each is the second of three workloads in a row, between gates in a real Envoy.
//!
//! `STEPGATE_APPLICATIONS=all` also runs those in Java and Node (`make test-all`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod chain;
mod checks;
mod meeting;
mod rust;
mod service;
mod settings;
mod subject;

use std::env;
use std::process::ExitCode;
use std::sync::{Arc, LazyLock};

use chain::{Carrier, Chain};
use libtest_mimic::{Arguments, Trial};
use subject::{SUBJECTS, Subject};

fn main() -> ExitCode {
    let all = env::var("STEPGATE_APPLICATIONS").is_ok_and(|which| which == "all");
    let wanted: Vec<&'static Subject> = SUBJECTS.iter().filter(|subject| all || subject.is_in_every_run()).collect();
    let (missing, here): (Vec<_>, Vec<_>) =
        wanted.iter().map(|subject| (*subject, subject.lacks())).partition(|(_, lacks)| lacks.is_some());
    let here: Vec<&'static Subject> = here.into_iter().map(|(subject, _)| subject).collect();
    let mut trials = Vec::new();
    for carrier in [Carrier::Header, Carrier::Baggage] {
        let with: Vec<&'static Subject> = here.iter().filter(|subject| subject.carrier == carrier).copied().collect();
        let names: Vec<&'static str> = with.iter().map(|subject| subject.name).collect();
        // The first trial starts it, and the last one ends it.
        let chain = Arc::new(LazyLock::new(move || Chain::start(carrier, &names)));
        trials.extend(with.into_iter().map(|subject| {
            let chain = Arc::clone(&chain);
            Trial::test(subject.name, move || {
                checks::run(&chain, subject);
                Ok(())
            })
        }));
    }
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials);
    for (subject, lacks) in &missing {
        println!("LEFT OUT: the application `{}`: {}", subject.name, lacks.as_deref().unwrap_or_default());
    }
    let in_ci = env::var_os("CI").is_some_and(|set| !set.is_empty());
    if in_ci && !missing.is_empty() { ExitCode::FAILURE } else { conclusion.exit_code() }
}
