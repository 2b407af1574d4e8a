//! `stepgate schema`: JSON Schemas of the language, for editors, and of the answers with `--json`, for programs.

use clap::ValueEnum;
use schemars::{JsonSchema, schema_for};
use serde_json::{Value, json};
use stepgate_config::{Language, json_schema};

use super::answer::{Answer, EXIT_CODES};
use super::error::CommandError;
use super::{check, explain, output, token};

/// Prints the JSON Schema of workflow documents, of gate configurations, or of what a command prints with `--json`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Args {
    /// The kind of file, or the command
    of: Subject,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Subject {
    Workflow,
    Gate,
    Check,
    Explain,
    Lab,
    #[cfg(feature = "doctor")]
    Doctor,
    Keygen,
    Secrets,
    AtRest,
    Render,
    TokenMint,
    TokenInspect,
    TokenVerify,
}

pub(super) fn run(args: &Args) -> Result<Answer, CommandError> {
    match args.of {
        Subject::Workflow => output::print_json(&json_schema(Language::Workflow)),
        Subject::Gate => output::print_json(&json_schema(Language::Gate)),
        Subject::Check => output::print_json(&derived::<check::Report>("check")),
        Subject::Explain => output::print_json(&derived::<explain::Explanation>("explain")),
        #[cfg(feature = "doctor")]
        Subject::Doctor => output::print_json(&derived::<stepgate_doctor::Report>("doctor")),
        Subject::TokenVerify => output::print_json(&derived::<token::Verification>("token-verify")),
        Subject::Lab => output::print(include_str!("../../schema/lab.schema.json")),
        Subject::Keygen => output::print(include_str!("../../schema/keygen.schema.json")),
        Subject::Secrets => output::print(include_str!("../../schema/secrets.schema.json")),
        Subject::AtRest => output::print(include_str!("../../schema/at-rest.schema.json")),
        Subject::Render => output::print(include_str!("../../schema/render.schema.json")),
        Subject::TokenMint => output::print(include_str!("../../schema/token-mint.schema.json")),
        Subject::TokenInspect => output::print(include_str!("../../schema/token-inspect.schema.json")),
    }?;
    Ok(Answer::Yes)
}

/// The schema of a type. Schemas of answers without a type are files.
fn derived<T: JsonSchema>(command: &str) -> Value {
    let mut schema = schema_for!(T);
    schema.insert("$id".to_owned(), json!(format!("urn:stepgate:schema:{command}")));
    schema.insert("title".to_owned(), json!(format!("The answer of `stepgate {} --json`", command.replace('-', " "))));
    schema.to_value()
}
