//! An OCI image layout (image-spec 1.1): blobs by their digests, and an index of names.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::descriptor::{Descriptor, digest};
use crate::image::{Image, MANIFEST};

/// A layout that is being written.
#[derive(Debug)]
pub struct Layout {
    directory: PathBuf,
    names: Vec<Value>,
}

impl Layout {
    /// Begins a layout in place of the one that is there. What is no layout is left alone.
    ///
    /// # Errors
    /// What is there is no layout; a file cannot be written.
    pub fn create(directory: &Path) -> io::Result<Self> {
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

    /// Stores an image under a name.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn add(&mut self, name: &str, image: &Image) -> io::Result<()> {
        image.blobs.iter().chain([&image.manifest]).try_for_each(|content| self.blob(content))?;
        let mut named = serde_json::to_value(Descriptor::of(MANIFEST, &image.manifest))?;
        if let Some(named) = named.as_object_mut() {
            named.insert("annotations".into(), json!({"org.opencontainers.image.ref.name": name}));
        }
        self.names.push(named);
        Ok(())
    }

    fn blob(&self, content: &[u8]) -> io::Result<()> {
        let file = digest(content).replacen(':', "/", 1);
        fs::write(self.directory.join("blobs").join(file), content)
    }

    /// Ends the layout with its index.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn finish(self) -> io::Result<()> {
        let index = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": self.names,
        });
        fs::write(self.directory.join("index.json"), index.to_string())
    }
}
