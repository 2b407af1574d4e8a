//! What an Envoy may learn while it runs: files that it watches, each one answer of a management server.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{Member, Surroundings, WASM, inbound, typed, wasm, wasm_config};
use crate::spec::Delivery;

/// The gate of an inbound listener: with its configuration, or with where to find it.
pub(super) fn gate(member: &Member, around: &Surroundings<'_>) -> Option<Value> {
    let plugin = member.workload.inbound.plugin.as_ref()?;
    let name = listener_name(member);
    Some(match around.delivery {
        Delivery::Bootstrap | Delivery::Listener => wasm(around.vms, &name, plugin),
        Delivery::Extension => json!({
            "name": name,
            "config_discovery": {
                "config_source": watched(&extension_file(member, around.directory)),
                "type_urls": [format!("type.googleapis.com/{WASM}")],
            },
        }),
    })
}

/// The file that gives a workload its gate, and what stands in it; nothing where it has none.
pub(crate) fn extension(member: &Member, around: &Surroundings<'_>) -> Option<(PathBuf, Value)> {
    let plugin = member.workload.inbound.plugin.as_ref()?;
    let name = listener_name(member);
    let resource = json!({"name": name, "typed_config": wasm_config(around.vms, &name, plugin)});
    let resource = typed("envoy.config.core.v3.TypedExtensionConfig", resource);
    Some((extension_file(member, around.directory), answer(&[resource])))
}

/// The file that gives an Envoy its inbound listeners, and what stands in it.
pub(crate) fn listeners(hosted: &[&Member], around: &Surroundings<'_>) -> Option<(PathBuf, Value)> {
    let file = listeners_file(hosted.first()?, around.directory);
    let listener = |member: &&Member| typed("envoy.config.listener.v3.Listener", inbound::listener(member, around));
    Some((file, answer(&hosted.iter().map(listener).collect::<Vec<_>>())))
}

pub(super) fn listeners_from(first: &Member, around: &Surroundings<'_>) -> Value {
    json!({"lds_config": watched(&listeners_file(first, around.directory))})
}

/// The name of its inbound listener, and of the filter there where it is discovered.
pub(crate) fn listener_name(member: &Member) -> String {
    format!("inbound.{}", member.workload.name)
}

fn extension_file(member: &Member, directory: &Path) -> PathBuf {
    directory.join(format!("{}.extension.json", member.workload.name))
}

fn listeners_file(first: &Member, directory: &Path) -> PathBuf {
    directory.join(format!("{}.listeners.json", first.workload.name))
}

/// Envoy reads the file again when another is moved into its place.
fn watched(file: &Path) -> Value {
    json!({"resource_api_version": "V3", "path_config_source": {"path": file}})
}

fn answer(resources: &[Value]) -> Value {
    json!({"resources": resources})
}
