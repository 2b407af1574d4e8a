//! The images: the filter in two variants, the command, and bills of materials.

use std::collections::HashMap;

use oci_spec::image::{
    Arch, ConfigBuilder, ImageConfiguration, ImageConfigurationBuilder, ImageManifest, ImageManifestBuilder, MediaType,
    Os, RootFsBuilder, SCHEMA_VERSION,
};
use serde_json::{Value, json};

use crate::blob::{self, descriptor, digest};
use crate::error::ImageError;
use crate::layer;

/// The two types of the Wasm Artifact Image Specification. Istio accepts exactly two layers, of these types.
const WASM_CONFIG: &str = "application/vnd.module.wasm.config.v1+json";
const WASM_MODULE: &str = "application/vnd.module.wasm.content.layer.v1+wasm";
const SBOM: &str = "application/vnd.cyclonedx+json";

/// The content that a registry stores for one image.
#[derive(Debug, Clone)]
pub struct Image {
    /// The blobs that the manifest names by digest.
    pub blobs: Vec<Vec<u8>>,
    /// The manifest, as JSON.
    pub manifest: Vec<u8>,
}

impl Image {
    /// A module as one layer with `/plugin.wasm`.
    ///
    /// # Errors
    /// [`ImageError`], if it cannot be packed.
    pub fn compat(module: &[u8]) -> Result<Self, ImageError> {
        // GOOS and GOARCH, as the image specification requires.
        let config = ConfigBuilder::default().build()?;
        let platform = (Os::Other("wasip1".into()), Arch::Wasm);
        Self::of_layer(("plugin.wasm", 0o444), module, platform, config, "stepgate-filter")
    }

    /// A module as an artifact: the module itself is a layer.
    ///
    /// # Errors
    /// [`ImageError`], if it cannot be packed.
    pub fn artifact(module: &[u8]) -> Result<Self, ImageError> {
        let of_runtime = json!({"type": "envoy_proxy", "abiVersions": ["v0.2.1"], "config": {"rootIds": [""]}});
        let config = blob::json(&of_runtime)?;
        let of_config = descriptor(WASM_CONFIG.into(), &config)?;
        let of_module = descriptor(WASM_MODULE.into(), module)?;
        let manifest = manifest_builder()
            .config(of_config.clone())
            .layers([of_config, of_module])
            .annotations(annotations("stepgate-filter"))
            .build()?;
        Self::new(vec![config, module.to_vec()], &manifest)
    }

    /// A program that needs no file but itself.
    ///
    /// # Errors
    /// [`ImageError`], also if it is not a program for Linux on x86-64 or ARM64.
    pub fn command(program: &[u8]) -> Result<Self, ImageError> {
        let config = ConfigBuilder::default()
            .entrypoint(["/stepgate".to_owned()])
            .user("65532:65532")
            .working_dir("/")
            .build()?;
        let platform = (Os::Linux, architecture(program)?);
        Self::of_layer(("stepgate", 0o555), program, platform, config, "stepgate")
    }

    /// The bill of materials of this image, as an artifact that refers to it (`subject`).
    ///
    /// # Errors
    /// [`ImageError`], also if it is not JSON.
    pub fn sbom(&self, sbom: &[u8]) -> Result<Self, ImageError> {
        serde_json::from_slice::<Value>(sbom).map_err(ImageError::BillOfMaterials)?;
        let config = b"{}".to_vec();
        let manifest = manifest_builder()
            .artifact_type(MediaType::from(SBOM))
            .config(descriptor(MediaType::EmptyJSON, &config)?)
            .layers([descriptor(SBOM.into(), sbom)?])
            .subject(descriptor(MediaType::ImageManifest, &self.manifest)?)
            .build()?;
        Self::new(vec![config, sbom.to_vec()], &manifest)
    }

    /// The digest of the manifest. An image that is pulled by it cannot be replaced by another one.
    pub fn digest(&self) -> String {
        digest(&self.manifest)
    }

    fn of_layer(
        (file, mode): (&str, u32),
        content: &[u8],
        (os, architecture): (Os, Arch),
        config: oci_spec::image::Config,
        title: &str,
    ) -> Result<Self, ImageError> {
        let layer = layer::of_file(file, mode, content)?;
        let root = RootFsBuilder::default().typ("layers").diff_ids([digest(&layer.plain)]).build()?;
        let configuration: ImageConfiguration = ImageConfigurationBuilder::default()
            .os(os)
            .architecture(architecture)
            .config(config)
            .rootfs(root)
            .build()?;
        let configuration = blob::json(&configuration)?;
        let manifest = manifest_builder()
            .config(descriptor(MediaType::ImageConfig, &configuration)?)
            .layers([descriptor(MediaType::ImageLayerGzip, &layer.packed)?])
            .annotations(annotations(title))
            .build()?;
        Self::new(vec![configuration, layer.packed], &manifest)
    }

    fn new(blobs: Vec<Vec<u8>>, manifest: &ImageManifest) -> Result<Self, ImageError> {
        Ok(Self { blobs, manifest: blob::json(manifest)? })
    }
}

fn manifest_builder() -> ImageManifestBuilder {
    ImageManifestBuilder::default().schema_version(SCHEMA_VERSION).media_type(MediaType::ImageManifest)
}

fn annotations(title: &str) -> HashMap<String, String> {
    [
        (oci_spec::image::ANNOTATION_TITLE, title),
        (oci_spec::image::ANNOTATION_VERSION, env!("CARGO_PKG_VERSION")),
        (oci_spec::image::ANNOTATION_LICENSES, env!("CARGO_PKG_LICENSE")),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// The machine of an ELF program (little endian).
fn architecture(program: &[u8]) -> Result<Arch, ImageError> {
    // 32-bit programs have both fields at the same offsets; only 64-bit machines are accepted here.
    match (program.get(..4), program.get(0x12..0x14)) {
        (Some(b"\x7fELF"), Some([62, 0])) => Ok(Arch::Amd64),
        (Some(b"\x7fELF"), Some([183, 0])) => Ok(Arch::ARM64),
        _ => Err(ImageError::WrongContent("a program for Linux on x86-64 or ARM64")),
    }
}
