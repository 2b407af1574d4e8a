//! The corpus, run by the module in wasmtime.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};
use stepgate_tests::trials::{corpus, module, time_of, trial};
use stepgate_tests::{native, wasm};

fn main() -> Result<ExitCode, String> {
    let arguments = Arguments::from_args();
    let corpus = corpus()?;
    let module: &'static wasm::Module = Box::leak(Box::new(wasm::Module::load(&module()?)?));
    // Each case twice: Envoys before 1.37 have no crypto for the module.
    let subjects: [&'static wasm::Subject<'_>; 2] =
        [false, true].map(|has_crypto| &*Box::leak(Box::new(wasm::Subject::new(corpus, module, has_crypto))));
    let cases = corpus.cases.iter().filter(|whole| native::can_run(whole));
    let trials: Vec<Trial> = cases
        .flat_map(|whole| {
            subjects
                .into_iter()
                .zip(["wasm", "wasm, proxy's crypto"])
                .map(move |(subject, name)| trial(whole, name, "", move |whole| subject.run(whole, time_of(whole)?)))
        })
        .collect();
    let all = trials.len();
    let conclusion = libtest_mimic::run(&arguments, trials);
    let asked = subjects.map(wasm::Subject::signatures_asked);
    let whole_run = usize::try_from(conclusion.num_passed) == Ok(all);
    if whole_run && !(asked[0] == 0 && asked[1] > 0) {
        return Err(format!("calls for signatures to a proxy without crypto, and to one with it: {asked:?}"));
    }
    Ok(conclusion.exit_code())
}
