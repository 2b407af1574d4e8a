//! Workflow documents from files.

use std::path::{Path, PathBuf};

use stepgate_render::Document;

use super::error::CommandError;
use super::source::Source;

/// Reads documents. Errors in them are printed.
pub(super) fn read(paths: &[PathBuf]) -> Result<Vec<Document>, CommandError> {
    paths.iter().map(|path| read_one(path)).collect()
}

fn read_one(path: &Path) -> Result<Document, CommandError> {
    let source = Source::read(path)?;
    let json = stepgate_config::to_json(&source.text).map_err(|found| source.reject(&found))?;
    if json.get("workflow").is_none() && json.get("workflows").is_some() {
        let message = format!("`{}` is a gate's configuration, not a workflow document", source.name);
        let help = "give the documents one by one; `stepgate render istio --gate` takes further settings of gates";
        return Err(CommandError::document(message).help(help));
    }
    match stepgate_config::read_workflow(&source.text).into_result() {
        Ok((workflow, _)) => Ok(Document { json, workflow }),
        Err(found) => Err(source.reject(&found)),
    }
}
