//! The command `stepgate`.

use std::process::ExitCode;

use stepgate_cli::{command, mesh};

fn main() -> ExitCode {
    // First of all: a start of an Envoy for a local mesh is not for people.
    if let Some(code) = mesh::run_if_supervised(std::env::args_os().skip(1)) {
        return code;
    }
    command::run()
}
