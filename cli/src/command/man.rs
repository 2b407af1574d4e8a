//! `stepgate man`: the manual pages.

use std::fs;
use std::path::PathBuf;

use clap::Command;

use super::answer::{Answer, EXIT_CODES};
use super::error::CommandError;
use super::source;

/// Writes the manual pages, one for each command.
///
/// `make install` puts them where `man stepgate-check` finds them.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Args {
    /// The folder for the pages
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(super) fn run(args: &Args, command: Command) -> Result<Answer, CommandError> {
    fs::create_dir_all(&args.out).and_then(|()| clap_mangen::generate_to(command, &args.out)).map_err(|error| {
        CommandError::failed(format!("cannot write the manual pages into `{}`: {error}", source::name_of(&args.out)))
    })?;
    Ok(Answer::Yes)
}
