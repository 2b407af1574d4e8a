//! `stepgate completions`: completions of the arguments for a shell.

use clap::{Command, ValueEnum};

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
    shell: Shell,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

impl From<Shell> for clap_complete::Shell {
    fn from(shell: Shell) -> Self {
        match shell {
            Shell::Bash => Self::Bash,
            Shell::Zsh => Self::Zsh,
            Shell::Fish => Self::Fish,
        }
    }
}

pub(super) fn run(args: &Args, mut command: Command) -> Result<Answer, CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(clap_complete::Shell::from(args.shell), &mut command, "stepgate", &mut script);
    output::print(&String::from_utf8_lossy(&script))?;
    Ok(Answer::Yes)
}
