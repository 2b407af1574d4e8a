//! Why nothing could be tried.

use std::path::PathBuf;

use stepgate_config::spiffe::SpiffeIdError;
use stepgate_mesh::MeshError;
use stepgate_reference::{KeyError, NoFork};

/// Why nothing could be tried.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// The document has errors.
    #[error("the document has errors")]
    Document(Vec<stepgate_config::Diagnostic>),
    /// The text is not a workflow document.
    #[error("the lab runs a workflow document, and this is a gate's configuration")]
    NotADocument,
    /// The gates of an existing mesh cannot be tried.
    #[error("no gate can be made of this document: {0}")]
    Gate(String),
    /// A name that the lab makes up for an attack is too long.
    #[error("no gate can be made of this document: {0}")]
    Name(#[from] SpiffeIdError),
    /// The lab has no outbound gates yet, without which nothing moves at this level.
    #[error("the lab does not run level `once` yet: try the document at `assurance: signed`")]
    Once,
    /// The document has a join that the lab cannot read.
    #[error("no gate can be made of this document: {0}")]
    NoFork(#[from] NoFork),
    /// A key cannot be read or used.
    #[error("no gate can be made of this document: {0}")]
    Key(#[from] KeyError),
    /// There is no module at this path.
    #[error("there is no filter at `{}`: run `make filter`, or name one with --module or STEPGATE_MODULE", .0.display())]
    NoModule(PathBuf),
    /// What is at this path is not our filter.
    #[error("`{}` is not a Stepgate filter: run `make filter`", .0.display())]
    NoFilter(PathBuf),
    /// The mesh.
    #[error(transparent)]
    Mesh(#[from] MeshError),
    /// The gates of an existing mesh could not be called.
    #[error(transparent)]
    ExistingMesh(Box<dyn std::error::Error + Send + Sync>),
    /// The system has no randomness.
    #[error("the system has no randomness: {0}")]
    Random(#[from] getrandom::Error),
    /// A thread of the lab ended early.
    #[error("a worker thread of the lab ended early")]
    Worker,
    /// The answer could not be written.
    #[error("cannot write the answer: {0}")]
    Output(#[from] std::io::Error),
}
