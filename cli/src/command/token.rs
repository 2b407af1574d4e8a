//! `stepgate token`: step tokens, made, looked at and verified.

mod decoded;
mod inspect;
mod mint;
mod signer;
mod verify;

use std::path::Path;

use clap::Subcommand;

use super::failure::{Answer, Failure};
use super::{input, output};

/// Longest step header that is read: as many bytes as a gate takes.
const MAX_STEP: usize = 65_536;

/// Mints, inspects and verifies step tokens.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Mints the token that a rightful holder of a step would have
    Mint(mint::Args),
    /// Decodes a token without verifying it
    Inspect(inspect::Args),
    /// Verifies a token with the keys of a gate
    Verify(verify::Args),
}

pub(super) fn run(args: &Args) -> Result<Answer, Failure> {
    match &args.action {
        Action::Mint(args) => mint::run(args),
        Action::Inspect(args) => inspect::run(args),
        Action::Verify(args) => verify::run(args),
    }
}

/// The tokens of a step header, given as an argument or on the standard input.
fn read_step(given: &str) -> Result<Vec<String>, Failure> {
    let text =
        if given == input::STDIN { input::read_text(given.as_ref(), "token", MAX_STEP)? } else { given.to_owned() };
    let steps: Vec<String> =
        text.split(',').map(|step| step.trim().to_owned()).filter(|step| !step.is_empty()).collect();
    if steps.is_empty() {
        return Err(
            Failure::usage("there is no token").help("give one as an argument, or `-` and one on the standard input")
        );
    }
    Ok(steps)
}

/// For whoever gives a file where a token is wanted.
fn point_to_stdin(given: &str) {
    if Path::new(given).is_file() {
        let name = output::plain(given);
        output::warn(&format!("`{name}` was taken for a token, and is a file: `-` with `< {name}` reads it"));
    }
}
