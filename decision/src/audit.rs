//! The part of a request that the log and the audit name.

use stepgate_config::name::{TaskName, WorkflowName};
use stepgate_config::spiffe::SpiffeId;

/// Longest path that an audit context keeps, in bytes.
const MAX_PATH: usize = 256;
/// Longest method that an audit context keeps, in characters.
const MAX_METHOD: usize = 32;

/// A request, for the log and the audit. Instance and step are set only once a signature has proved them; at level
/// `identity` the step is the one that the peer claims.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct AuditContext {
    /// The request's method.
    pub method: String,
    /// The request's path without its query, cut after 256 bytes.
    pub path: String,
    /// The peer.
    pub peer: Option<SpiffeId>,
    /// The workflow and its revision.
    pub workflow: Option<(WorkflowName, u32)>,
    /// The instance.
    pub instance: Option<String>,
    /// The step that it had reached.
    pub at: Option<TaskName>,
    /// The transition, `FROM -> TO`.
    pub transition: Option<String>,
}

impl AuditContext {
    /// The context before the decision; `target` is the path, query and all.
    pub fn begun(method: &str, target: &str) -> Self {
        let path = target.split_once('?').map_or(target, |(path, _)| path);
        Self {
            method: head(method, method.char_indices().nth(MAX_METHOD).map(|(end, _)| end)),
            path: head(path, Some(path.ceil_char_boundary(MAX_PATH))),
            ..Self::default()
        }
    }
}

/// A text up to there, or all of it.
fn head(text: &str, end: Option<usize>) -> String {
    end.and_then(|end| text.get(..end)).unwrap_or(text).to_owned()
}
