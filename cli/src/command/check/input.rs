//! The files that are checked, and the comparisons between them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use stepgate_config::workflow::{MixedLevels, Workflow};
use stepgate_config::{Checked, Diagnostic, MAX_INPUT, Outcome};

use super::files::{self, Found};
use super::finding::Finding;
use crate::command::source::{self, SourceError};
use crate::command::starts;

/// Words of which each document and each gate's configuration has one.
const WORDS: [&str; 3] = ["workflow", "trust_domain", "transitions"];

/// All files.
pub(super) struct Inputs {
    pub(super) inputs: Vec<Input>,
    /// Files of a folder or pattern that have no document and no gate's configuration.
    pub(super) left_out: Vec<String>,
}

/// A file, or an argument without one.
pub(super) struct Input {
    pub(super) name: String,
    /// Its bytes, with what is Stepgate's in them.
    pub(super) read: Result<(Vec<u8>, Vec<Outcome>), Finding>,
    /// Findings beside those of the outcomes.
    pub(super) further: Vec<Finding>,
}

impl Inputs {
    pub(super) fn read(arguments: &[PathBuf]) -> Self {
        let mut all = Self { inputs: Vec::new(), left_out: Vec::new() };
        for found in files::expand(arguments) {
            match found {
                Found::Nothing { argument, reason } => all.inputs.push(Input::nothing(&argument, reason)),
                Found::File { path, is_named } => match Input::read(&path, is_named) {
                    Some(input) => all.inputs.push(input),
                    None => all.left_out.push(source::name_of(&path)),
                },
            }
        }
        if all.inputs.is_empty() {
            all.inputs.extend(
                arguments
                    .first()
                    .map(|first| Input::nothing(first, format!("none of {} files has a document", all.left_out.len()))),
            );
        }
        all.compare_starts();
        all.compare_levels();
        all
    }

    /// Compares the starts of the workflows within each configuration, and those of all documents.
    fn compare_starts(&mut self) {
        self.inputs.iter_mut().flat_map(Input::outcomes_mut).for_each(|outcome| {
            let errors = starts::within(outcome);
            reject(outcome, errors);
        });
        let outcomes =
            self.inputs.iter().flat_map(|input| input.outcomes().map(|outcome| (input.name.as_str(), outcome)));
        let numbered = outcomes.enumerate().filter_map(|(at, (name, outcome))| match &outcome.checked {
            Some(Checked::Workflow(workflow)) => Some((at, (name, &**workflow))),
            Some(Checked::Gate(_)) | None => None,
        });
        let (places, documents): (Vec<usize>, Vec<(&str, &Workflow)>) = numbered.unzip();
        for (number, error) in starts::between(&documents, &[]) {
            let place = places.get(number).copied();
            let mut outcomes = self.inputs.iter_mut().flat_map(Input::outcomes_mut);
            if let Some(outcome) = place.and_then(|at| outcomes.nth(at)) {
                reject(outcome, vec![error]);
            }
        }
    }

    /// Reports a workflow that the files together have at levels that cannot be used together, in the last one that has it.
    fn compare_levels(&mut self) {
        let all = self.inputs.iter().flat_map(Input::workflows);
        let Some(mixed) = MixedLevels::among(all.map(|workflow| (&workflow.name, workflow.assurance))) else { return };
        let mut from_last = self.inputs.iter_mut().rev();
        if let Some(last) = from_last.find(|input| input.workflows().any(|workflow| workflow.name == mixed.0)) {
            last.further.push(Finding::mixed_levels(&last.name, &mixed));
        }
    }
}

/// Adds errors, which leave no checked value.
fn reject(outcome: &mut Outcome, errors: Vec<Diagnostic>) {
    if !errors.is_empty() {
        outcome.checked = None;
        outcome.diagnostics.extend(errors);
    }
}

impl Input {
    /// Reads a file; none if it is not named and has nothing of Stepgate's.
    fn read(path: &Path, is_named: bool) -> Option<Self> {
        let name = source::name_of(path);
        let read = match source::read(path, MAX_INPUT) {
            Ok(text) => {
                let is_other = !is_named
                    && std::str::from_utf8(&text).is_ok_and(|text| !WORDS.iter().any(|word| text.contains(word)));
                let mut outcomes = if is_other { Vec::new() } else { stepgate_config::read_all(&text) };
                if outcomes.is_empty() && !is_named {
                    return None;
                }
                if outcomes.is_empty() {
                    outcomes.push(stepgate_config::read(&text));
                }
                Ok((text, outcomes))
            }
            Err(SourceError::TooLarge { .. }) => Err(Finding::too_large(&name)),
            Err(error) => Err(Finding::unread(&name, error.to_string())),
        };
        Some(Self { name, read, further: Vec::new() })
    }

    fn nothing(argument: &Path, reason: String) -> Self {
        let name = source::name_of(argument);
        let read = Err(Finding::unread(&name, reason));
        Self { name, read, further: Vec::new() }
    }

    pub(super) fn outcomes(&self) -> impl Iterator<Item = &Outcome> {
        self.read.iter().flat_map(|(_, outcomes)| outcomes)
    }

    fn outcomes_mut(&mut self) -> impl Iterator<Item = &mut Outcome> {
        self.read.iter_mut().flat_map(|(_, outcomes)| outcomes)
    }

    /// The workflows of its parts without errors.
    fn workflows(&self) -> impl Iterator<Item = &Arc<Workflow>> {
        self.outcomes().flat_map(|outcome| match &outcome.checked {
            Some(Checked::Workflow(workflow)) => std::slice::from_ref(workflow),
            Some(Checked::Gate(gate)) => gate.workflows.as_slice(),
            None => &[],
        })
    }
}
