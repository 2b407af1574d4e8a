//! `stepgate token`: mints, inspects and verifies step tokens.

mod decoded;
mod inspect;
mod mint;
mod signer;
mod steps;
mod verify;

use clap::Subcommand;

use super::answer::Answer;
use super::error::CommandError;
pub(super) use verify::Verification;

/// Mints, inspects and verifies step tokens.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Mints the token that the holder of a step would have
    Mint(mint::Args),
    /// Decodes a token without verifying it
    Inspect(inspect::Args),
    /// Verifies a token with the keys of a gate
    Verify(verify::Args),
}

pub(super) fn run(args: &Args) -> Result<Answer, CommandError> {
    match &args.action {
        Action::Mint(args) => mint::run(args),
        Action::Inspect(args) => inspect::run(args),
        Action::Verify(args) => verify::run(args),
    }
}
