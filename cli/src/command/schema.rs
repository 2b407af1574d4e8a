//! `stepgate schema`: the JSON Schema by which editors know the language.

use clap::ValueEnum;
use stepgate_config::{Language, json_schema};

use super::failure::{Answer, EXIT_CODES, Failure};
use super::output;

/// Prints the JSON Schema of workflow documents or gate configurations.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Args {
    /// Of what
    language: Which,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Which {
    Workflow,
    Gate,
}

pub(super) fn run(args: &Args) -> Result<Answer, Failure> {
    let language = match args.language {
        Which::Workflow => Language::Workflow,
        Which::Gate => Language::Gate,
    };
    output::say_json(&json_schema(language))?;
    Ok(Answer::Yes)
}
