//! What stands in the images.

use std::io;
use std::path::Path;

use serde_json::{Value, json};

use crate::layer::{self, Layer};
use crate::layout::{Descriptor, Layout, MANIFEST, digest};

const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// The two types of the Wasm Artifact Image Specification; Istio wants exactly two layers, of these types.
const WASM_CONFIG: &str = "application/vnd.module.wasm.config.v1+json";
const WASM_MODULE: &str = "application/vnd.module.wasm.content.layer.v1+wasm";
const SBOM: &str = "application/vnd.cyclonedx+json";
const EMPTY: &str = "application/vnd.oci.empty.v1+json";

/// The filter, twice: as an image of one layer with `/plugin.wasm`, and as an artifact.
pub(crate) fn of_module(module: &[u8], sbom: &[u8], out: &Path) -> io::Result<()> {
    if !module.starts_with(b"\0asm") {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "that is no WebAssembly module"));
    }
    let mut layout = Layout::create(out)?;
    let packed = layer::of_file("plugin.wasm", 0o444, module)?;
    // GOOS and GOARCH, as the image specification wants them.
    let config = json!({"os": "wasip1", "architecture": "wasm", "config": {}});
    let compat = image(&mut layout, "compat", &packed, config, "stepgate-filter")?;
    artifact(&mut layout, module)?;
    attach(&mut layout, &compat, sbom)?;
    layout.finish()
}

/// The command, which nothing but the kernel has to be there for.
pub(crate) fn of_command(program: &[u8], sbom: &[u8], out: &Path) -> io::Result<()> {
    let architecture = architecture(program)?;
    let mut layout = Layout::create(out)?;
    let packed = layer::of_file("stepgate", 0o555, program)?;
    let config = json!({
        "os": "linux",
        "architecture": architecture,
        "config": {"Entrypoint": ["/stepgate"], "User": "65532:65532", "WorkingDir": "/"},
    });
    let image = image(&mut layout, "stepgate", &packed, config, "stepgate")?;
    attach(&mut layout, &image, sbom)?;
    layout.finish()
}

fn image(layout: &mut Layout, name: &str, layer: &Layer, config: Value, title: &str) -> io::Result<Descriptor> {
    let mut config = config;
    if let Some(config) = config.as_object_mut() {
        config.insert("rootfs".into(), json!({"type": "layers", "diff_ids": [digest(&layer.plain)]}));
    }
    let config = layout.blob(CONFIG, config.to_string().as_bytes())?;
    let layers = [layout.blob(LAYER, &layer.packed)?];
    layout.manifest(
        name,
        &json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": config,
            "layers": layers,
            "annotations": annotations(title),
        }),
    )
}

fn artifact(layout: &mut Layout, module: &[u8]) -> io::Result<Descriptor> {
    let of_runtime = json!({"type": "envoy_proxy", "abiVersions": ["v0.2.1"], "config": {"rootIds": [""]}});
    let config = layout.blob(WASM_CONFIG, of_runtime.to_string().as_bytes())?;
    let content = layout.blob(WASM_MODULE, module)?;
    layout.manifest(
        "artifact",
        &json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": config,
            "layers": [config, content],
            "annotations": annotations("stepgate-filter"),
        }),
    )
}

/// The bill of materials of an image, as an artifact that refers to it (`subject`).
fn attach(layout: &mut Layout, to: &Descriptor, sbom: &[u8]) -> io::Result<Descriptor> {
    serde_json::from_slice::<Value>(sbom)?;
    let config = layout.blob(EMPTY, b"{}")?;
    let layers = [layout.blob(SBOM, sbom)?];
    layout.manifest(
        "sbom",
        &json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": SBOM,
            "config": config,
            "layers": layers,
            "subject": to,
        }),
    )
}

fn annotations(title: &str) -> Value {
    json!({
        "org.opencontainers.image.title": title,
        "org.opencontainers.image.version": env!("CARGO_PKG_VERSION"),
        "org.opencontainers.image.licenses": env!("CARGO_PKG_LICENSE"),
    })
}

/// What an ELF program (little endian) runs on, as the image specification names it.
fn architecture(program: &[u8]) -> io::Result<&'static str> {
    // Both fields have their place in 32-bit programs too; only 64-bit machines are named here.
    match (program.get(..4), program.get(0x12..0x14)) {
        (Some(b"\x7fELF"), Some([62, 0])) => Ok("amd64"),
        (Some(b"\x7fELF"), Some([183, 0])) => Ok("arm64"),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "that is no program for Linux on x86-64 or ARM64")),
    }
}
