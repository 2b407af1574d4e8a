//! How the Envoys of a mesh are started.

use std::path::PathBuf;

use super::launcher::Launcher;
use super::spec::MeshSpec;

/// How the Envoys of a mesh are started.
#[derive(Debug)]
pub(super) struct Launch {
    pub(super) program: PathBuf,
    pub(super) launcher: Launcher,
    pub(super) spec: MeshSpec,
}
