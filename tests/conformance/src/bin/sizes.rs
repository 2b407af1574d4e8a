//! The twenty crates that take most of a module's code: `make sizes`.

use std::io::Write;
use std::process::ExitCode;

use stepgate_tests::module_size::by_crate;

fn main() -> ExitCode {
    let Some(file) = std::env::args().nth(1) else {
        eprintln!("usage: sizes MODULE, a module with the names of its functions");
        return ExitCode::FAILURE;
    };
    let crates = std::fs::read(&file).map_err(|error| format!("{file}: {error}")).and_then(|module| by_crate(&module));
    match crates {
        Ok(crates) => {
            let lines = crates.iter().take(20).map(|(name, bytes)| format!("{bytes:>9} {name}\n"));
            match std::io::stdout().write_all(lines.collect::<String>().as_bytes()) {
                Ok(()) => ExitCode::SUCCESS,
                Err(_) => ExitCode::FAILURE,
            }
        }
        Err(error) => {
            eprintln!("sizes: {error}");
            ExitCode::FAILURE
        }
    }
}
