//! A module as an image, in the two variants that Istio takes; the same bytes from the same module.

use std::io::Write;

use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};

use crate::error::Result;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const IMAGE_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const IMAGE_LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// Of the Wasm Artifact Image Specification.
const WASM_CONFIG: &str = "application/vnd.module.wasm.config.v1+json";
const WASM_LAYER: &str = "application/vnd.module.wasm.content.layer.v1+wasm";

/// What a registry stores for one image.
#[derive(Debug, Clone)]
pub struct Image {
    pub(crate) blobs: Vec<Vec<u8>>,
    pub(crate) manifest: Vec<u8>,
}

impl Image {
    /// As docker makes it `FROM scratch`: one layer with `/plugin.wasm`.
    ///
    /// # Errors
    /// None, as long as memory can be written.
    pub fn compat(module: &[u8]) -> Result<Self> {
        let archive = archive(module)?;
        // 255: no operating system is named.
        let mut packer = GzBuilder::new().mtime(0).operating_system(255).write(Vec::new(), Compression::best());
        packer.write_all(&archive)?;
        let layer = packer.finish()?;
        let rootfs = json!({"type": "layers", "diff_ids": [digest(&archive)]});
        let config = json!({"os": "wasip1", "architecture": "wasm", "config": {}, "rootfs": rootfs});
        Ok(Self::of(IMAGE_CONFIG, config.to_string().into_bytes(), IMAGE_LAYER, layer))
    }

    /// As an OCI artifact, the module itself its layer.
    pub fn artifact(module: &[u8]) -> Self {
        Self::of(WASM_CONFIG, b"{}".to_vec(), WASM_LAYER, module.to_vec())
    }

    fn of(config_type: &str, config: Vec<u8>, layer_type: &str, layer: Vec<u8>) -> Self {
        let descriptor = |ty: &str, blob: &[u8]| json!({"mediaType": ty, "digest": digest(blob), "size": blob.len()});
        // Istio takes the module of an artifact from the second of two layers.
        let layers: Vec<Value> = match layer_type {
            WASM_LAYER => vec![descriptor(config_type, &config), descriptor(layer_type, &layer)],
            _ => vec![descriptor(layer_type, &layer)],
        };
        let config_of = descriptor(config_type, &config);
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config_of, "layers": layers});
        Self { blobs: vec![config, layer], manifest: manifest.to_string().into_bytes() }
    }

    /// By which a manifest is found that nobody can replace.
    pub fn digest(&self) -> String {
        digest(&self.manifest)
    }
}

/// A digest as registries write it.
pub fn digest(content: &[u8]) -> String {
    let hex: String = hmac_sha256::Hash::hash(content).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

fn archive(module: &[u8]) -> Result<Vec<u8>> {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_mode(0o444);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(u64::try_from(module.len())?);
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_data(&mut header, "plugin.wasm", module)?;
    Ok(archive.into_inner()?)
}
