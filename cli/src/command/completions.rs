//! `stepgate completions`: completions of the arguments for a shell.

use clap::Command;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap_complete::Shell;

use super::answer::{Answer, EXIT_CODES};
use super::error::CommandError;
use super::output;

/// Prints completions for a shell.
///
/// For bash: `stepgate completions bash > ~/.local/share/bash-completion/completions/stepgate`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Args {
    /// The shell
    #[arg(value_parser = shells())]
    shell: Shell,
}

/// The shells in which the completions are tried.
fn shells() -> impl TypedValueParser<Value = Shell> {
    PossibleValuesParser::new(["bash", "zsh", "fish"]).try_map(|shell| shell.parse())
}

pub(super) fn run(args: &Args, mut command: Command) -> Result<Answer, CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "stepgate", &mut script);
    output::print(&String::from_utf8_lossy(&script))?;
    Ok(Answer::Yes)
}
