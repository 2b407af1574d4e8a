//! One of the set-ups that are compared.

use stepgate_mesh::Plugin;

use super::scene::Scene;

/// One listener of the Envoy.
pub(super) struct Variant {
    pub(super) label: &'static str,
    pub(super) site: String,
    pub(super) plugin: Option<Plugin>,
    /// Mints its tokens: those of HS256 if no gate reads them, so that the request has the same length.
    pub(super) scene: Scene,
}
