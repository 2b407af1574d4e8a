//! Workflow documents from files.

use std::path::{Path, PathBuf};

use stepgate_config::MAX_INPUT;

use super::failure::Failure;
use super::input::{self, Input};
use super::subject;
use stepgate_render::{Document, Wrong};

/// Reads documents; errors in one of them are shown.
pub(super) fn read(paths: &[PathBuf]) -> Result<Vec<Document>, Failure> {
    paths.iter().map(|path| one(path)).collect()
}

fn one(path: &Path) -> Result<Document, Failure> {
    let name = input::name_of(path);
    let text = match input::read(path, MAX_INPUT)? {
        Input::Whole(text) => text,
        Input::TooLarge => return Err(subject::too_large(&name)),
    };
    let shown = |found: &[stepgate_config::Diagnostic]| subject::show(found, &text, &name);
    let json = stepgate_config::to_json(&text).map_err(|found| shown(&found))?;
    if json.get("workflow").is_none() && json.get("workflows").is_some() {
        return Err(Failure::document(format!("`{name}` is a gate's configuration, and not a workflow document"))
            .help("give the documents one by one; `stepgate render istio --gate` takes further settings of gates"));
    }
    match stepgate_config::read_workflow(&text).into_result() {
        Ok((workflow, _)) => Ok(Document { json, workflow }),
        Err(found) => Err(shown(&found)),
    }
}

/// What the documents and flags do not allow.
impl From<Wrong> for Failure {
    fn from(wrong: Wrong) -> Self {
        let failure = Self::usage(wrong.what);
        match wrong.help {
            Some(help) => failure.help(help),
            None => failure,
        }
    }
}
