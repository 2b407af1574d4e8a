//! Everything that was found.

use schemars::JsonSchema;
use serde::Serialize;
use stepgate_config::bounds::MAX_MARKINGS;
use stepgate_config::{Code, Diagnostic, Severity};

use super::finding::Finding;
use super::input::{Input, Inputs};
use super::summary::Contents;
use crate::command::output::{self, BAD, CARE, GOOD, count};

/// The findings of all files, and their contents.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::command) struct Report {
    files: Vec<File>,
    /// Files of a folder or pattern without a document or a gate's configuration.
    left_out: Vec<String>,
    errors: usize,
    warnings: usize,
}

/// One file.
#[derive(Debug, Serialize, JsonSchema)]
struct File {
    file: String,
    /// Its documents and gates' configurations without errors.
    contents: Vec<Contents>,
    findings: Vec<Finding>,
    /// The findings with the lines of the file.
    #[serde(skip)]
    text: String,
}

impl Report {
    /// The report of these files; without notes if it is to be `quiet`.
    pub(super) fn of(inputs: &Inputs, quiet: bool) -> Self {
        let files = inputs.inputs.iter().map(|input| File::of(input, quiet)).collect();
        let mut report = Self { files, left_out: inputs.left_out.clone(), errors: 0, warnings: 0 };
        (report.errors, report.warnings) = (report.count(Severity::Error), report.count(Severity::Warning));
        report
    }

    pub(super) fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.files.iter().flat_map(|file| &file.findings)
    }

    pub(super) fn count(&self, severity: Severity) -> usize {
        self.findings().filter(|finding| finding.severity() == severity).count()
    }

    /// Whether a file could not be read.
    pub(super) fn is_unread(&self) -> bool {
        self.findings().any(|finding| finding.code() == Code::NotRead)
    }

    /// Whether a workflow has too many runs to judge all of it.
    pub(super) fn is_unknown(&self) -> bool {
        self.findings().any(|finding| finding.code() == Code::Unexplored)
    }

    pub(super) fn text(&self, quiet: bool) -> String {
        let mut text = String::new();
        for file in &self.files {
            text.push_str(&file.text);
            if !quiet {
                text.extend(file.contents.iter().map(|contents| contents.text(&file.file)));
            }
        }
        if !quiet {
            text.push_str(&self.total());
        }
        text
    }

    /// `2 files: 1 error, 3 warnings`.
    fn total(&self) -> String {
        let style = match (self.errors, self.warnings) {
            (0, 0) => GOOD,
            (0, _) => CARE,
            _ => BAD,
        };
        let worst = self.findings().filter(|finding| finding.severity() != Severity::Note).map(Finding::code).min();
        let hint =
            worst.map(|code| format!("`stepgate check --explain {code}` explains a code\n\n")).unwrap_or_default();
        let left_out = match self.left_out.len() {
            0 => String::new(),
            more => format!("; left out: {} without a document", count(more, "file")),
        };
        let (files, errors) = (count(self.files.len(), "file"), count(self.errors, "error"));
        format!("{hint}{files}: {style}{errors}, {}{style:#}{left_out}\n", count(self.warnings, "warning"))
    }
}

impl File {
    fn of(input: &Input, quiet: bool) -> Self {
        let mut file =
            Self { file: input.name.clone(), contents: Vec::new(), findings: Vec::new(), text: String::new() };
        match &input.read {
            Ok((text, outcomes)) => {
                let lossy = String::from_utf8_lossy(text);
                let is_shown = |found: &&Diagnostic| !quiet || found.severity() != Severity::Note;
                let mut markings = MAX_MARKINGS;
                for outcome in outcomes {
                    let shown: Vec<Diagnostic> = outcome.diagnostics.iter().filter(is_shown).cloned().collect();
                    file.findings.extend(shown.iter().map(|found| Finding::of(found, &lossy, &input.name)));
                    file.text.push_str(&stepgate_config::render(&shown, text, &input.name, output::colours_answers()));
                    file.contents.extend(outcome.checked.as_ref().map(|checked| Contents::of(checked, &mut markings)));
                }
            }
            Err(finding) => file.add(finding),
        }
        input.further.iter().for_each(|finding| file.add(finding));
        file
    }

    /// Adds a finding without a line to show.
    fn add(&mut self, finding: &Finding) {
        self.text.push_str(&finding.line());
        self.findings.push(finding.clone());
    }
}
