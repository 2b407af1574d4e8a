//! The command `stepgate`: one file for each command, from arguments to an answer.

mod answer;
mod argument;
mod at_rest;
mod check;
mod completions;
#[cfg(feature = "doctor")]
mod doctor;
mod documents;
mod environment;
mod error;
mod example_step;
mod explain;
mod fmt;
mod gate_keys;
mod history;
mod input;
mod keygen;
#[cfg(feature = "lab")]
mod lab;
mod man;
mod names;
mod next_transitions;
mod output;
mod render;
mod replace;
mod schema;
mod secrets;
mod source;
mod starts;
mod time;
mod token;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use answer::{Answer, EXIT_CODES};
use error::CommandError;

/// Checks workflows, explains the decisions of gates, tests them on real proxies, and generates keys and tokens.
#[derive(Debug, Parser)]
#[command(name = "stepgate", version, after_help = EXIT_CODES)]
struct Stepgate {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Check(check::Args),
    Explain(Box<explain::Args>),
    Fmt(fmt::Args),
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
    Man(man::Args),
    /// Prints the version.
    #[command(after_help = EXIT_CODES)]
    Version,
}

/// Runs the command of the process's arguments and returns the exit code.
///
/// On an error of usage, for help and for the version, clap ends the process itself, with 2 or 0.
pub fn run() -> ExitCode {
    let stepgate = Stepgate::parse();
    match answer(&stepgate.action) {
        Ok(answer) => answer.into(),
        Err(error) => {
            output::print_error(&error);
            error.exit_code()
        }
    }
}

fn answer(action: &Action) -> Result<Answer, CommandError> {
    match action {
        Action::Check(args) => check::run(args),
        Action::Explain(args) => explain::run(args),
        Action::Fmt(args) => fmt::run(args),
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
        Action::Completions(args) => completions::run(args, Stepgate::command()),
        Action::Man(args) => man::run(args, Stepgate::command()),
        Action::Version => {
            output::print(&Stepgate::command().render_version())?;
            Ok(Answer::Yes)
        }
    }
}
