//! Images of modules in the registry of the cluster.

use stepgate_cluster_tests::{Cluster, Image, Result};

/// An image in the registry: `url` and `sha256` of a WasmPlugin for it.
#[derive(Debug, Clone)]
pub(crate) struct Pushed {
    pub(crate) url: String,
    pub(crate) digest: String,
}

pub(crate) fn push(cluster: &Cluster, tag: &str, image: &Image) -> Result<Pushed> {
    let url = cluster.registry.push("stepgate", tag, image)?;
    Ok(Pushed { url, digest: image.digest().trim_start_matches("sha256:").to_owned() })
}
