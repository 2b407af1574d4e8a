//! Why there is no image.

use std::io;
use std::path::PathBuf;

use oci_spec::OciSpecError;

/// Why a file could not be packed, or a layout not written.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// A file that is not what the image should hold.
    #[error("this is not {0}")]
    WrongContent(&'static str),
    /// The bill of materials is not JSON.
    #[error("the bill of materials is not JSON: {0}")]
    BillOfMaterials(#[source] serde_json::Error),
    /// A folder that is not a layout is never replaced.
    #[error("{0}: it exists and is not an image layout; it is not replaced")]
    NotALayout(PathBuf),
    /// A manifest or configuration could not be built.
    #[error("cannot build the image: {0}")]
    Spec(#[from] OciSpecError),
    /// An object could not be encoded.
    #[error("cannot encode JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A file could not be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
}
