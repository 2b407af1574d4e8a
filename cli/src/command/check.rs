//! `stepgate check`: all errors of documents and gate configurations, each with its place.

mod accepts;
mod calls;
mod codes;
pub(super) mod files;
mod finding;
mod format;
mod github;
mod input;
mod level;
mod report;
mod sarif;
mod summary;
mod times;
mod who;

use std::path::PathBuf;

use stepgate_config::{Code, Severity};

use super::answer::{Answer, EXIT_CODES};
use super::error::CommandError;
use super::output;
use format::Format;
use input::Inputs;

pub(super) use report::Report;

/// Checks workflow documents and gate configurations.
///
/// Prints every error with its place and how to correct it, and a short summary of each text without errors. In Kubernetes
/// manifests and bootstraps of Envoy it checks the gates' configurations.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Args {
    /// Documents, gate configurations or manifests, YAML or JSON, at most 8 MiB each; `-`: standard input. Of a folder, or
    /// of a pattern such as `'flows/**/*.yaml'`, all files that have one; a folder's `.gitignore` and `.ignore` count
    #[arg(required_unless_present = "explain", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Explain a code, such as `E024`, instead
    #[arg(long, value_name = "CODE", value_parser = codes::parse, exclusive = true)]
    explain: Option<Code>,
    /// Treat warnings as errors
    #[arg(long)]
    deny_warnings: bool,
    /// The format of the answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    format: Format,
    /// The same as `--format json`
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Print errors and warnings only: nothing, if there are none
    #[arg(long, short, conflicts_with = "json")]
    quiet: bool,
}

pub(super) fn run(args: &Args) -> Result<Answer, CommandError> {
    if let Some(code) = args.explain {
        output::print(&codes::explain(code))?;
        return Ok(Answer::Yes);
    }
    let inputs = Inputs::read(&args.files);
    let report = Report::of(&inputs, args.quiet);
    match if args.json { Format::Json } else { args.format } {
        Format::Text => output::print(&report.text(args.quiet))?,
        Format::Json => output::print_json(&report)?,
        Format::Sarif => output::print_json(&sarif::log(&report))?,
        Format::Github => output::print(&github::annotations(&report))?,
    }
    if report.is_unread() {
        return Err(CommandError::Unreadable);
    }
    let rejected = report.count(Severity::Error) > 0 || args.deny_warnings && report.count(Severity::Warning) > 0;
    Ok(if !rejected && report.is_unknown() { Answer::InPart } else { Answer::of(!rejected) })
}
