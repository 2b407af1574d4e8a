//! The cost of the gate, as ratios to a baseline of the same run: `make bench`.

use std::io::Write;
use std::process::ExitCode;

use stepgate_tests::bench::{Effort, measure};

const USAGE: &str = "usage: bench [--smoke] [--json]
  --smoke  one small round of each: shows that it runs, the figures say nothing
  --json   for programs

STEPGATE_MODULE names the filter. `make bench` builds what is needed.";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let (mut effort, mut json) = (Effort::FULL, false);
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--smoke" => effort = Effort::SMOKE,
            "--json" => json = true,
            _ => return Err(USAGE.to_owned()),
        }
    }
    let module = std::env::var_os("STEPGATE_MODULE").ok_or("STEPGATE_MODULE names the filter: run `make bench`")?;
    let report = measure(&effort, module.as_ref())?;
    let text = if json { report.json().to_string() } else { report.table() };
    writeln!(std::io::stdout(), "{text}").map_err(|error| error.to_string())
}
