//! `stepgate schema`: the JSON Schema of the language, for editors.

use clap::ValueEnum;
use stepgate_config::{Language, json_schema};

use super::answer::{Answer, EXIT_CODES};
use super::error::CommandError;
use super::output;

/// Prints the JSON Schema of workflow documents or gate configurations.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Args {
    /// The kind of file
    language: File,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum File {
    Workflow,
    Gate,
}

pub(super) fn run(args: &Args) -> Result<Answer, CommandError> {
    let language = match args.language {
        File::Workflow => Language::Workflow,
        File::Gate => Language::Gate,
    };
    output::print_json(&json_schema(language))?;
    Ok(Answer::Yes)
}
