//! `stepgate check`: all errors of documents and gate configurations, each with its place.

mod finding;
mod summary;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use stepgate_config::workflow::{MixedLevels, Workflow};
use stepgate_config::{Checked, MAX_INPUT, Severity};

use super::answer::{Answer, EXIT_CODES};
use super::error::CommandError;
use super::output::{self, BAD, CARE, GOOD, count};
use super::source::{self, SourceError};
use finding::Finding;

/// Checks workflow documents and gate configurations.
///
/// Prints every error with its place and how to correct it. For a document without errors it prints a short summary.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Args {
    /// Documents or gate configurations, YAML or JSON, at most 8 MiB each; `-`: standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Treat warnings as errors
    #[arg(long)]
    deny_warnings: bool,
    /// Print the diagnostics as one JSON array
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<Answer, CommandError> {
    let mut reports: Vec<Report> = args.files.iter().map(|file| Report::of(file)).collect();
    check_levels(&mut reports);
    if args.json {
        let findings: Vec<&Finding> = reports.iter().flat_map(|report| &report.findings).collect();
        output::print_json(&findings)?;
    } else {
        let text: String = reports.iter().map(|report| report.text.as_str()).collect();
        output::print(&format!("{text}{}", total(&reports)))?;
    }
    if reports.iter().any(|report| report.unreadable) {
        return Err(CommandError::Unreadable);
    }
    let any = |severity| reports.iter().any(|report| report.count(severity) > 0);
    Ok(Answer::of(!(any(Severity::Error) || args.deny_warnings && any(Severity::Warning))))
}

/// Reports a workflow that the files together have at levels that cannot be used together.
fn check_levels(reports: &mut [Report]) {
    let levels = reports.iter().flat_map(|report| &report.workflows);
    let Some(mixed) = MixedLevels::among(levels.map(|workflow| (&workflow.name, workflow.assurance))) else { return };
    let names = |report: &&mut Report| report.workflows.iter().any(|workflow| workflow.name == mixed.0);
    if let Some(last) = reports.iter_mut().rev().find(names) {
        let finding = Finding::mixed_levels(&last.file, &mixed);
        last.text.push_str(&finding.line());
        last.findings.push(finding);
    }
}

/// The result for one file.
struct Report {
    /// The name of the file.
    file: String,
    /// Its workflows, if it has no errors.
    workflows: Vec<Arc<Workflow>>,
    findings: Vec<Finding>,
    /// The findings and the summary as text.
    text: String,
    /// Whether the file could not be read.
    unreadable: bool,
}

impl Report {
    fn of(path: &Path) -> Self {
        let name = source::name_of(path);
        match source::read(path, MAX_INPUT) {
            Ok(text) => Self::of_text(&text, &name),
            Err(SourceError::TooLarge { .. }) => Self::without_text(name.clone(), Finding::too_large(&name), false),
            Err(error) => Self::without_text(name.clone(), Finding::unreadable(&name, error.to_string()), true),
        }
    }

    fn of_text(text: &[u8], name: &str) -> Self {
        let outcome = stepgate_config::read(text);
        let lossy = String::from_utf8_lossy(text);
        let findings = outcome.diagnostics.iter().map(|diagnostic| Finding::of(diagnostic, &lossy, name)).collect();
        let mut rendered = stepgate_config::render(&outcome.diagnostics, text, name, output::colours_answers());
        let mut workflows = Vec::new();
        match outcome.checked {
            None => {}
            Some(Checked::Workflow(workflow)) => {
                rendered.push_str(&summary::of_workflow(name, &workflow));
                workflows.push(workflow);
            }
            Some(Checked::Gate(gate)) => {
                rendered.push_str(&summary::of_gate(name, &gate));
                workflows = gate.workflows;
            }
        }
        Self { file: name.to_owned(), workflows, findings, text: rendered, unreadable: false }
    }

    fn without_text(file: String, finding: Finding, unreadable: bool) -> Self {
        Self { file, workflows: Vec::new(), text: finding.line(), findings: vec![finding], unreadable }
    }

    fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.is(severity)).count()
    }
}

/// `2 files: 1 error, 3 warnings`.
fn total(reports: &[Report]) -> String {
    let sum = |severity| reports.iter().map(|report| report.count(severity)).fold(0, usize::saturating_add);
    let (errors, warnings) = (sum(Severity::Error), sum(Severity::Warning));
    let style = match (errors, warnings) {
        (0, 0) => GOOD,
        (0, _) => CARE,
        _ => BAD,
    };
    let files = count(reports.len(), "file");
    format!("{files}: {style}{}, {}{style:#}\n", count(errors, "error"), count(warnings, "warning"))
}
