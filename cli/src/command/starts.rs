//! Starts that workflows contest which are given together.

use stepgate_config::starts::{Starts, compare};
use stepgate_config::workflow::Workflow;
use stepgate_config::{Checked, Diagnostic, Outcome};

/// The errors in one file: a gate's configuration has several workflows.
pub(super) fn within(outcome: &Outcome) -> Vec<Diagnostic> {
    match &outcome.checked {
        Some(Checked::Gate(gate)) => gate.starts().diagnostics(),
        Some(Checked::Workflow(_)) | None => Vec::new(),
    }
}

/// The errors between documents, which are given with the names of their files: each with the number of the document
/// that it is in. `open` has the revisions that are open, as `WORKFLOW/REVISION`; of another name it is the highest.
pub(super) fn between(documents: &[(&str, &Workflow)], open: &[String]) -> Vec<(usize, Diagnostic)> {
    let number = |workflow: &Workflow| documents.iter().position(|(_, one)| std::ptr::eq(*one, workflow));
    let all = documents.iter().map(|(_, workflow)| *workflow);
    let chosen = |workflow: &Workflow| open.contains(&format!("{}/{}", workflow.name, workflow.revision));
    let is_open = |workflow: &&Workflow| {
        let mut revisions = all.clone().filter(|other| other.name == workflow.name);
        if revisions.clone().any(chosen) {
            chosen(workflow)
        } else {
            revisions.all(|other| other.revision <= workflow.revision)
        }
    };
    let starts = compare(all.clone().filter(is_open));
    let error = |contested: &stepgate_config::starts::Contested<'_>| {
        let (first, second) = (number(contested.first.workflow)?, number(contested.second.workflow)?);
        let (name, place) = (documents.get(first)?.0, contested.first.transition.place);
        Some((second, contested.diagnostic(Some(&format!("{name}:{}:{}", place.line, place.column)))))
    };
    let contested = starts.contested.iter().filter_map(error);
    contested.chain(starts.incomplete.then(|| (0, Starts::too_many()))).collect()
}
