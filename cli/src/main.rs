//! The command `stepgate`.

use std::process::ExitCode;

fn main() -> ExitCode {
    // First of all: the lab starts each Envoy by way of this program, which is not for people.
    #[cfg(feature = "lab")]
    if let Some(code) = stepgate_mesh::run_if_supervised(std::env::args_os().skip(1)) {
        return code;
    }
    stepgate_cli::command::run()
}
