//! The gate of an inbound listener: in its configuration, or in a file that Envoy watches.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::member::{Member, MeshConfig};
use super::parts::{WASM, typed, wasm, wasm_config};
use crate::spec::Delivery;

/// The gate of an inbound listener: with its configuration, or with the place to find it.
pub(super) fn gate(member: &Member, mesh: &MeshConfig<'_>) -> Option<Value> {
    let plugin = member.workload.inbound.plugin.as_ref()?;
    let name = listener_name(member);
    Some(match mesh.spec.delivery {
        Delivery::Bootstrap | Delivery::Listener => wasm(mesh.spec, &name, plugin),
        Delivery::Extension => json!({
            "name": name,
            "config_discovery": {
                "config_source": watched(&extension_file(member, mesh.directory)),
                "type_urls": [format!("type.googleapis.com/{WASM}")],
            },
        }),
    })
}

/// The file that gives a workload its gate, and its content; none for a workload without a gate.
pub(crate) fn extension(member: &Member, mesh: &MeshConfig<'_>) -> Option<(PathBuf, Value)> {
    let plugin = member.workload.inbound.plugin.as_ref()?;
    let name = listener_name(member);
    let resource = json!({"name": name, "typed_config": wasm_config(mesh.spec, &name, plugin)});
    let resource = typed("envoy.config.core.v3.TypedExtensionConfig", resource);
    Some((extension_file(member, mesh.directory), answer(&[resource])))
}

/// The name of its inbound listener, and of the filter there if it is discovered.
pub(crate) fn listener_name(member: &Member) -> String {
    format!("inbound.{}", member.workload.name)
}

fn extension_file(member: &Member, directory: &Path) -> PathBuf {
    directory.join(format!("{}.extension.json", member.workload.name))
}

/// Envoy reads the file again when another is moved into its place.
pub(super) fn watched(file: &Path) -> Value {
    json!({"resource_api_version": "V3", "path_config_source": {"path": file}})
}

pub(super) fn answer(resources: &[Value]) -> Value {
    json!({"resources": resources})
}
