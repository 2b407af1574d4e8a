//! Workflow documents from files.

use std::path::PathBuf;

use stepgate_render::Document;

use super::error::CommandError;
use super::source::Source;
use super::starts;

/// Reads documents. Errors in them, and in how they fit together, are printed. `open` has the revisions that are open,
/// as `WORKFLOW/REVISION`; of another name it is the highest.
pub(super) fn read(paths: &[PathBuf], open: &[String]) -> Result<Vec<Document>, CommandError> {
    let sources: Vec<Source> = paths.iter().map(|path| Source::read(path)).collect::<Result<_, _>>()?;
    let documents: Vec<Document> = sources.iter().map(read_one).collect::<Result<_, _>>()?;
    let named = sources.iter().zip(&documents).map(|(source, document)| (source.name.as_str(), &*document.workflow));
    let mut rejected = None;
    for (number, error) in starts::between(&named.collect::<Vec<_>>(), open) {
        rejected = sources.get(number).map(|source| source.reject(&[error]));
    }
    rejected.map_or(Ok(documents), Err)
}

fn read_one(source: &Source) -> Result<Document, CommandError> {
    let json = stepgate_config::to_json(&source.text).map_err(|found| source.reject(&found))?;
    if json.get("workflow").is_none() && json.get("workflows").is_some() {
        let message = format!("`{}` is a gate's configuration, not a workflow document", source.name);
        let help = "of that, or of the values of the Helm chart, give the documents one by one; `stepgate render istio --gate` takes further settings of gates";
        return Err(CommandError::document(message).help(help));
    }
    match stepgate_config::read_workflow(&source.text).into_result() {
        Ok((workflow, _)) => Ok(Document { json, workflow }),
        Err(found) => Err(source.reject(&found)),
    }
}
