//! How the Envoys of a mesh are started.

use std::path::PathBuf;

use super::launcher::Launcher;
use super::spec::{Delivery, MeshSpec, Vms};

/// How the Envoys of a mesh are started.
#[derive(Debug)]
pub(super) struct Launch {
    pub(super) program: PathBuf,
    pub(super) launcher: Launcher,
    pub(super) concurrency: u32,
    pub(super) log_level: String,
    pub(super) component_log_level: String,
    pub(super) delivery: Delivery,
    pub(super) vms: Vms,
    pub(super) clock: Option<PathBuf>,
}

impl Launch {
    pub(super) fn of(spec: &MeshSpec, launcher: Launcher, program: PathBuf) -> Self {
        Self {
            program,
            launcher,
            concurrency: spec.concurrency,
            log_level: spec.log_level.clone(),
            component_log_level: spec.component_log_level.clone(),
            delivery: spec.delivery,
            vms: spec.vms,
            clock: spec.clock.clone(),
        }
    }
}
