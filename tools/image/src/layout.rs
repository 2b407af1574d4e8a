//! An OCI image layout (image-spec 1.1): blobs by their digests, and an index of names.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Value, json};

/// The media type of a manifest.
pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// A layout that is being written.
pub(crate) struct Layout {
    directory: PathBuf,
    names: Vec<Value>,
}

/// Where a blob is found.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Descriptor {
    #[serde(rename = "mediaType")]
    pub(crate) media_type: &'static str,
    pub(crate) digest: String,
    pub(crate) size: usize,
}

impl Layout {
    /// Begins a layout in place of the one that is there. What is no layout is left alone.
    pub(crate) fn create(directory: &Path) -> io::Result<Self> {
        if directory.exists() {
            if !directory.join("oci-layout").is_file() {
                let what = format!("{}: it is there and no image layout; not replaced", directory.display());
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, what));
            }
            fs::remove_dir_all(directory)?;
        }
        fs::create_dir_all(directory.join("blobs/sha256"))?;
        fs::write(directory.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#)?;
        Ok(Self { directory: directory.to_owned(), names: Vec::new() })
    }

    /// Stores some bytes.
    pub(crate) fn blob(&self, media_type: &'static str, content: &[u8]) -> io::Result<Descriptor> {
        let digest = digest(content);
        let file = digest.replacen(':', "/", 1);
        fs::write(self.directory.join("blobs").join(file), content)?;
        Ok(Descriptor { media_type, digest, size: content.len() })
    }

    /// Stores a manifest under a name.
    pub(crate) fn manifest(&mut self, name: &str, manifest: &Value) -> io::Result<Descriptor> {
        let stored = self.blob(MANIFEST, manifest.to_string().as_bytes())?;
        let mut named = serde_json::to_value(&stored)?;
        if let Some(named) = named.as_object_mut() {
            named.insert("annotations".into(), json!({"org.opencontainers.image.ref.name": name}));
        }
        self.names.push(named);
        Ok(stored)
    }

    /// Ends the layout with its index.
    pub(crate) fn finish(self) -> io::Result<()> {
        let index = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": self.names,
        });
        fs::write(self.directory.join("index.json"), index.to_string())
    }
}

/// A digest as registries write it.
pub(crate) fn digest(content: &[u8]) -> String {
    let hex: String = hmac_sha256::Hash::hash(content).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}
