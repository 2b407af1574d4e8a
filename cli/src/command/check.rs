//! `stepgate check`: what is wrong with documents and gate configurations, all of it, each with its place.

mod finding;
mod summary;

use std::path::{Path, PathBuf};

use stepgate_config::{Checked, MAX_INPUT, Severity};

use super::failure::{Answer, EXIT_CODES, Failure};
use super::input::{self, Input};
use super::output::{self, BAD, CARE, GOOD, count};
use finding::Finding;

/// Checks workflow documents and gate configurations.
///
/// Shows everything that is wrong, each with its place and what would be right; for what is right, a
/// short summary.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Args {
    /// Documents or gate configurations, YAML or JSON, at most 8 MiB each; `-`: the standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Let warnings count as errors
    #[arg(long)]
    deny_warnings: bool,
    /// Print the diagnostics as one JSON array
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<Answer, Failure> {
    let reports: Vec<Report> = args.files.iter().map(|file| Report::of(file)).collect();
    if args.json {
        let findings: Vec<&Finding> = reports.iter().flat_map(|report| &report.findings).collect();
        output::say_json(&findings)?;
    } else {
        let shown: String = reports.iter().map(|report| report.shown.as_str()).collect();
        output::say(&format!("{shown}{}", total(&reports)))?;
    }
    if reports.iter().any(|report| report.unread) {
        // Told already, with the rest.
        return Err(Failure::Shown);
    }
    let of = |severity| reports.iter().any(|report| report.count(severity) > 0);
    Ok(Answer::of(!(of(Severity::Error) || args.deny_warnings && of(Severity::Warning))))
}

/// What came of one file.
struct Report {
    findings: Vec<Finding>,
    /// For people.
    shown: String,
    /// Whether it could not even be read.
    unread: bool,
}

impl Report {
    fn of(path: &Path) -> Self {
        let name = input::name_of(path);
        match input::read(path, MAX_INPUT) {
            Ok(Input::Whole(text)) => Self::of_text(&text, &name),
            Ok(Input::TooLarge) => Self::without_text(Finding::too_large(&name), false),
            Err(failure) => Self::without_text(Finding::unread(&name, failure.to_string()), true),
        }
    }

    fn of_text(text: &[u8], name: &str) -> Self {
        let outcome = stepgate_config::read(text);
        let lossy = String::from_utf8_lossy(text);
        let findings = outcome.diagnostics.iter().map(|diagnostic| Finding::of(diagnostic, &lossy, name)).collect();
        let mut shown = stepgate_config::render(&outcome.diagnostics, text, name, output::colours_answers());
        match &outcome.checked {
            None => {}
            Some(Checked::Workflow(workflow)) => shown.push_str(&summary::of_workflow(name, workflow)),
            Some(Checked::Gate(gate)) => shown.push_str(&summary::of_gate(name, gate)),
        }
        Self { findings, shown, unread: false }
    }

    fn without_text(finding: Finding, unread: bool) -> Self {
        Self { shown: finding.line(), findings: vec![finding], unread }
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
