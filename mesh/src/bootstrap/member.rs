//! The workloads of a mesh, as the configuration of its Envoys needs them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::network::Addresses;
use crate::spec::{MeshSpec, Workload};

/// A workload, with its addresses and files.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) workload: Workload,
    pub(crate) addresses: Addresses,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) access_log: PathBuf,
}

impl Member {
    /// Where the application listens that the gate stands in front of.
    pub(crate) fn application(&self) -> SocketAddr {
        self.workload.inbound.application.unwrap_or(self.addresses.application)
    }
}

/// The configuration that all Envoys of a mesh share.
#[derive(Debug)]
pub(crate) struct MeshConfig<'a> {
    /// Every workload of the mesh.
    pub(crate) members: &'a [Member],
    /// The certificate of the CA.
    pub(crate) authority: &'a Path,
    /// How filters are delivered and run.
    pub(crate) spec: &'a MeshSpec,
    /// The directory of the files that an Envoy watches.
    pub(crate) directory: &'a Path,
}
