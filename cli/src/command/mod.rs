//! The command `stepgate`: one file a command, each from arguments to an answer.

mod at_rest;
mod check;
mod completions;
#[cfg(feature = "doctor")]
mod doctor;
mod documents;
mod environment;
mod explain;
mod failure;
mod held;
mod input;
mod keygen;
#[cfg(feature = "lab")]
mod lab;
mod names;
mod output;
mod render;
mod schema;
mod secrets;
mod stand_in;
mod subject;
mod time;
mod token;
mod ways;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use failure::{Answer, EXIT_CODES, Failure};

/// Checks workflows, explains what gates decide, tries them out, and draws keys and tokens.
#[derive(Debug, Parser)]
#[command(name = "stepgate", version, after_help = EXIT_CODES, disable_help_subcommand = true)]
struct Stepgate {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Check(check::Args),
    Explain(Box<explain::Args>),
    #[cfg(feature = "lab")]
    Lab(lab::Args),
    #[cfg(feature = "doctor")]
    Doctor(doctor::Args),
    Keygen(keygen::Args),
    Secrets(secrets::Args),
    AtRest(at_rest::Args),
    Render(render::Args),
    Token(Box<token::Args>),
    Schema(schema::Args),
    Completions(completions::Args),
}

/// Runs the command that the process's arguments name, and says with which code to end.
///
/// Usage errors, help and version are clap's: they end the process themselves, with 2 or 0.
pub fn run() -> ExitCode {
    let stepgate = Stepgate::parse();
    match answer(&stepgate.action) {
        Ok(answer) => answer.into(),
        Err(failure) => {
            output::tell(&failure);
            failure.exit_code()
        }
    }
}

fn answer(action: &Action) -> Result<Answer, Failure> {
    match action {
        Action::Check(args) => check::run(args),
        Action::Explain(args) => explain::run(args),
        #[cfg(feature = "lab")]
        Action::Lab(args) => lab::run(args),
        #[cfg(feature = "doctor")]
        Action::Doctor(args) => doctor::run(args),
        Action::Keygen(args) => keygen::run(args),
        Action::Secrets(args) => secrets::run(args),
        Action::AtRest(args) => at_rest::run(args),
        Action::Render(args) => render::run(args),
        Action::Token(args) => token::run(args),
        Action::Schema(args) => schema::run(args),
        Action::Completions(args) => completions::run(args),
    }
}
