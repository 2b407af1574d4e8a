//! One of the set-ups that are compared.

use serde_json::Value;
use stepgate_mesh::Plugin;

use super::scene::Scene;

/// One listener of the Envoy.
pub(super) struct Variant {
    pub(super) label: &'static str,
    pub(super) site: String,
    pub(super) plugin: Option<Plugin>,
    /// Filters of Envoy's own.
    pub(super) filters: Vec<Value>,
    /// Mints its tokens: those of HS256 if no gate reads them, so that the request has the same length.
    pub(super) scene: Scene,
}
