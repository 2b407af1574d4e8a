//! One of the set-ups that are compared.

use stepgate_mesh::Plugin;

use super::scene::Scene;

/// One listener of the Envoy.
pub(super) struct Variant {
    pub(super) label: &'static str,
    pub(super) site: String,
    pub(super) plugin: Option<Plugin>,
    /// Makes its tokens: those of HS256 where no gate reads them, so that the request is as long.
    pub(super) scene: Scene,
}
