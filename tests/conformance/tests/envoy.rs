//! The corpus, run by the module in real Envoys: each version, each number of workers.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use libtest_mimic::Arguments;
use stepgate_tests::corpus::{Corpus, Whole};
use stepgate_tests::envoy;
use stepgate_tests::outcome::Outcome;
use stepgate_tests::proxies::proxies;
use stepgate_tests::trials::{corpus, module, now, trial};

/// One Envoy, started by the first case that runs in it.
struct Proxy {
    program: Option<PathBuf>,
    workers: u32,
    corpus: &'static Corpus,
    started: OnceLock<Result<Mutex<envoy::Subject<'static>>, String>>,
}

impl Proxy {
    fn name(&self) -> String {
        let program = self.program.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
        format!("{} × {}", program.unwrap_or_else(|| "envoy".to_owned()), self.workers)
    }

    fn subject(&self) -> Result<&Mutex<envoy::Subject<'static>>, String> {
        let start =
            || envoy::Subject::start(self.corpus, module()?, self.program.clone(), self.workers).map(Mutex::new);
        self.started.get_or_init(start).as_ref().map_err(Clone::clone)
    }

    fn run(&self, whole: &Whole, salt: &str) -> Result<Outcome, String> {
        self.subject()?.lock().unwrap_or_else(PoisonError::into_inner).run(whole, now()?, salt)
    }

    /// Differences between the logs of a started Envoy and its answers.
    fn complaints(&self) -> Result<Vec<String>, String> {
        let Some(Ok(subject)) = self.started.get() else { return Ok(Vec::new()) };
        let subject = subject.lock().unwrap_or_else(PoisonError::into_inner);
        let mut complaints = subject.disagreements()?;
        complaints.extend(subject.troubles()?);
        Ok(complaints)
    }
}

fn main() -> Result<ExitCode, String> {
    let arguments = Arguments::from_args();
    let corpus = corpus()?;
    let proxies: Vec<Arc<Proxy>> = proxies()?
        .into_iter()
        .map(|(program, workers)| Arc::new(Proxy { program, workers, corpus, started: OnceLock::new() }))
        .collect();
    let mut trials = Vec::new();
    for (at, whole) in corpus.cases.iter().enumerate().filter(|(_, whole)| envoy::can_run(whole)) {
        let salt: &'static str = Box::leak(format!("x{at}").into_boxed_str());
        for proxy in &proxies {
            let own = Arc::clone(proxy);
            trials.push(trial(whole, &proxy.name(), salt, move |whole| own.run(whole, salt)));
        }
    }
    let left_out = corpus.cases.iter().filter(|whole| !envoy::can_run(whole)).count();
    println!(
        "{left_out} cases need a clock that can be set, or are of a process without `envoys`: they run natively and in wasmtime"
    );
    let conclusion = libtest_mimic::run(&arguments, trials);
    let mut complaints = Vec::new();
    for proxy in &proxies {
        complaints.extend(proxy.complaints()?.into_iter().map(|complaint| format!("{}: {complaint}", proxy.name())));
    }
    complaints.iter().for_each(|complaint| eprintln!("{complaint}"));
    Ok(if complaints.is_empty() { conclusion.exit_code() } else { ExitCode::FAILURE })
}
