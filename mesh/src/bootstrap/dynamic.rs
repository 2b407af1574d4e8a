//! The inbound listeners of an Envoy in a file that it watches.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::discovery::{answer, watched};
use super::inbound;
use super::member::{Member, MeshConfig};
use super::parts::typed;

/// The file that gives an Envoy its inbound listeners, and its content.
pub(crate) fn listeners(hosted: &[&Member], mesh: &MeshConfig<'_>) -> Option<(PathBuf, Value)> {
    let file = listeners_file(hosted.first()?, mesh.directory);
    let listener = |member: &&Member| typed("envoy.config.listener.v3.Listener", inbound::listener(member, mesh));
    Some((file, answer(&hosted.iter().map(listener).collect::<Vec<_>>())))
}

pub(super) fn listeners_from(first: &Member, mesh: &MeshConfig<'_>) -> Value {
    json!({"lds_config": watched(&listeners_file(first, mesh.directory))})
}

fn listeners_file(first: &Member, directory: &Path) -> PathBuf {
    directory.join(format!("{}.listeners.json", first.workload.name))
}
