//! What stands in the images.

use std::io;

use serde_json::{Value, json};

use crate::descriptor::{Descriptor, digest};
use crate::layer;

/// The media type of a manifest.
pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// The two types of the Wasm Artifact Image Specification; Istio wants exactly two layers, of these types.
const WASM_CONFIG: &str = "application/vnd.module.wasm.config.v1+json";
const WASM_MODULE: &str = "application/vnd.module.wasm.content.layer.v1+wasm";
const SBOM: &str = "application/vnd.cyclonedx+json";
const EMPTY: &str = "application/vnd.oci.empty.v1+json";

/// What a registry stores for one image.
#[derive(Debug, Clone)]
pub struct Image {
    /// What the manifest names by digests.
    pub blobs: Vec<Vec<u8>>,
    /// The manifest, as JSON.
    pub manifest: Vec<u8>,
}

impl Image {
    /// A module as one layer with `/plugin.wasm`.
    ///
    /// # Errors
    /// None, as long as memory can be written.
    pub fn compat(module: &[u8]) -> io::Result<Self> {
        // GOOS and GOARCH, as the image specification wants them.
        let config = json!({"os": "wasip1", "architecture": "wasm", "config": {}});
        Self::of_layer("plugin.wasm", 0o444, module, config, "stepgate-filter")
    }

    /// A module as an artifact, itself a layer.
    pub fn artifact(module: &[u8]) -> Self {
        let of_runtime = json!({"type": "envoy_proxy", "abiVersions": ["v0.2.1"], "config": {"rootIds": [""]}});
        let config = of_runtime.to_string().into_bytes();
        let (of_config, of_module) = (Descriptor::of(WASM_CONFIG, &config), Descriptor::of(WASM_MODULE, module));
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": of_config,
            "layers": [of_config, of_module],
            "annotations": annotations("stepgate-filter"),
        });
        Self { blobs: vec![config, module.to_vec()], manifest: manifest.to_string().into_bytes() }
    }

    /// A program which nothing but the kernel has to be there for.
    ///
    /// # Errors
    /// It is no program for Linux.
    pub fn command(program: &[u8]) -> io::Result<Self> {
        let config = json!({
            "os": "linux",
            "architecture": architecture(program)?,
            "config": {"Entrypoint": ["/stepgate"], "User": "65532:65532", "WorkingDir": "/"},
        });
        Self::of_layer("stepgate", 0o555, program, config, "stepgate")
    }

    /// The bill of materials of this image, as an artifact that refers to it (`subject`).
    ///
    /// # Errors
    /// It is no JSON.
    pub fn sbom(&self, sbom: &[u8]) -> io::Result<Self> {
        serde_json::from_slice::<Value>(sbom)?;
        let config = b"{}".to_vec();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": SBOM,
            "config": Descriptor::of(EMPTY, &config),
            "layers": [Descriptor::of(SBOM, sbom)],
            "subject": Descriptor::of(MANIFEST, &self.manifest),
        });
        Ok(Self { blobs: vec![config, sbom.to_vec()], manifest: manifest.to_string().into_bytes() })
    }

    /// By which the manifest is found, and nobody can replace it.
    pub fn digest(&self) -> String {
        digest(&self.manifest)
    }

    fn of_layer(file: &str, mode: u32, content: &[u8], mut config: Value, title: &str) -> io::Result<Self> {
        let layer = layer::of_file(file, mode, content)?;
        if let Some(config) = config.as_object_mut() {
            config.insert("rootfs".into(), json!({"type": "layers", "diff_ids": [digest(&layer.plain)]}));
        }
        let config = config.to_string().into_bytes();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": Descriptor::of(CONFIG, &config),
            "layers": [Descriptor::of(LAYER, &layer.packed)],
            "annotations": annotations(title),
        });
        Ok(Self { blobs: vec![config, layer.packed], manifest: manifest.to_string().into_bytes() })
    }
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
