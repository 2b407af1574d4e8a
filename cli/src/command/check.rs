//! `stepgate check`: all errors of documents and gate configurations, each with its place.

mod finding;
mod summary;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use stepgate_config::workflow::{MixedLevels, Workflow};
use stepgate_config::{Checked, Diagnostic, MAX_INPUT, Outcome, Severity};

use super::answer::{Answer, EXIT_CODES};
use super::error::CommandError;
use super::output::{self, BAD, CARE, GOOD, count};
use super::source::{self, SourceError};
use super::starts;
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
    let mut inputs: Vec<Input> = args.files.iter().map(|file| Input::read(file)).collect();
    compare(&mut inputs);
    let mut reports: Vec<Report> = inputs.iter().map(Input::report).collect();
    check_levels(&inputs, &mut reports);
    let findings: Vec<&Finding> = reports.iter().flat_map(|report| &report.findings).collect();
    output::print_as(args.json, &findings, || {
        let text: String = reports.iter().map(|report| report.text.as_str()).collect();
        format!("{text}{}", total(&reports))
    })?;
    if reports.iter().any(|report| report.unreadable) {
        return Err(CommandError::Unreadable);
    }
    let any = |severity| reports.iter().any(|report| report.count(severity) > 0);
    Ok(Answer::of(!(any(Severity::Error) || args.deny_warnings && any(Severity::Warning))))
}

/// Reports a workflow that the files together have at levels that cannot be used together, in the last one that has it.
fn check_levels(inputs: &[Input], reports: &mut [Report]) {
    let all = inputs.iter().flat_map(Input::workflows);
    let Some(mixed) = MixedLevels::among(all.map(|workflow| (&workflow.name, workflow.assurance))) else { return };
    let last = inputs.iter().rposition(|input| input.workflows().iter().any(|workflow| workflow.name == mixed.0));
    if let Some((input, report)) = last.and_then(|at| Some((inputs.get(at)?, reports.get_mut(at)?))) {
        let finding = Finding::mixed_levels(&input.name, &mixed);
        report.text.push_str(&finding.line());
        report.findings.push(finding);
    }
}

/// The result for one file.
struct Report {
    findings: Vec<Finding>,
    /// The findings and the summary as text.
    text: String,
    /// Whether the file could not be read.
    unreadable: bool,
}

/// A file, and what was read.
struct Input {
    name: String,
    read: Result<(Vec<u8>, Outcome), SourceError>,
}

impl Input {
    fn read(path: &Path) -> Self {
        let read = source::read(path, MAX_INPUT).map(|text| {
            let outcome = stepgate_config::read(&text);
            (text, outcome)
        });
        Self { name: source::name_of(path), read }
    }

    /// The document, if it is one without errors.
    fn document(&self) -> Option<&Workflow> {
        match &self.read.as_ref().ok()?.1.checked {
            Some(Checked::Workflow(workflow)) => Some(workflow),
            Some(Checked::Gate(_)) | None => None,
        }
    }

    /// Its workflows, if it has no errors.
    fn workflows(&self) -> &[Arc<Workflow>] {
        match self.read.as_ref().ok().and_then(|(_, outcome)| outcome.checked.as_ref()) {
            Some(Checked::Workflow(workflow)) => std::slice::from_ref(workflow),
            Some(Checked::Gate(gate)) => &gate.workflows,
            None => &[],
        }
    }

    /// Adds errors, which leave no checked value.
    fn reject(&mut self, errors: Vec<Diagnostic>) {
        if let (Ok((_, outcome)), false) = (&mut self.read, errors.is_empty()) {
            outcome.checked = None;
            outcome.diagnostics.extend(errors);
        }
    }

    fn report(&self) -> Report {
        match &self.read {
            Ok((text, outcome)) => Report::of_text(text, outcome, &self.name),
            Err(SourceError::TooLarge { .. }) => Report::without_text(Finding::too_large(&self.name), false),
            Err(error) => Report::without_text(Finding::unreadable(&self.name, error.to_string()), true),
        }
    }
}

/// Compares the starts of the workflows within each configuration, and those of all documents.
fn compare(inputs: &mut [Input]) {
    for input in inputs.iter_mut() {
        let errors = input.read.as_ref().map(|(_, outcome)| starts::within(outcome)).unwrap_or_default();
        input.reject(errors);
    }
    let numbered =
        inputs.iter().enumerate().filter_map(|(at, input)| Some((at, input.name.as_str(), input.document()?)));
    let (places, documents): (Vec<usize>, Vec<(&str, &Workflow)>) =
        numbered.map(|(at, name, workflow)| (at, (name, workflow))).unzip();
    for (number, error) in starts::between(&documents, &[]) {
        if let Some(input) = places.get(number).and_then(|at| inputs.get_mut(*at)) {
            input.reject(vec![error]);
        }
    }
}

impl Report {
    fn of_text(text: &[u8], outcome: &Outcome, name: &str) -> Self {
        let lossy = String::from_utf8_lossy(text);
        let findings = outcome.diagnostics.iter().map(|diagnostic| Finding::of(diagnostic, &lossy, name)).collect();
        let mut rendered = stepgate_config::render(&outcome.diagnostics, text, name, output::colours_answers());
        match &outcome.checked {
            None => {}
            Some(Checked::Workflow(workflow)) => rendered.push_str(&summary::of_workflow(name, workflow)),
            Some(Checked::Gate(gate)) => rendered.push_str(&summary::of_gate(name, gate)),
        }
        Self { findings, text: rendered, unreadable: false }
    }

    fn without_text(finding: Finding, unreadable: bool) -> Self {
        Self { text: finding.line(), findings: vec![finding], unreadable }
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
