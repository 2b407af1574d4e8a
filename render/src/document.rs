//! A checked workflow document.

use std::sync::Arc;

use serde_json::Value;
use stepgate_config::Workflow;

/// A workflow document, as written and as checked.
#[derive(Debug, Clone)]
pub struct Document {
    /// The text of the document, as JSON.
    pub json: Value,
    /// The checked workflow.
    pub workflow: Arc<Workflow>,
}
