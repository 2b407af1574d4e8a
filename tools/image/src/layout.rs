//! An OCI image layout (image-spec 1.1): blobs by their digests, and an index of names.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use oci_spec::image::{
    ANNOTATION_REF_NAME, Descriptor, ImageIndexBuilder, MediaType, OciLayoutBuilder, SCHEMA_VERSION,
};

use crate::blob::{self, descriptor, digest};
use crate::error::ImageError;
use crate::image::Image;

/// A layout while it is written.
#[derive(Debug)]
pub struct Layout {
    directory: PathBuf,
    manifests: Vec<Descriptor>,
}

impl Layout {
    /// Begins a layout. An existing layout is replaced, any other folder is not.
    ///
    /// # Errors
    /// [`ImageError::NotALayout`] for another folder; an error of the file system.
    pub fn create(directory: &Path) -> Result<Self, ImageError> {
        if directory.exists() {
            if !directory.join("oci-layout").is_file() {
                return Err(ImageError::NotALayout(directory.to_owned()));
            }
            fs::remove_dir_all(directory)?;
        }
        fs::create_dir_all(directory.join("blobs/sha256"))?;
        let version = OciLayoutBuilder::default().image_layout_version("1.0.0").build()?;
        fs::write(directory.join("oci-layout"), blob::json(&version)?)?;
        Ok(Self { directory: directory.to_owned(), manifests: Vec::new() })
    }

    /// Stores an image under a name.
    ///
    /// # Errors
    /// [`ImageError`], if a file cannot be written.
    pub fn add(&mut self, name: &str, image: &Image) -> Result<(), ImageError> {
        for content in image.blobs.iter().chain([&image.manifest]) {
            let file = digest(content).replacen(':', "/", 1);
            fs::write(self.directory.join("blobs").join(file), content)?;
        }
        let mut manifest = descriptor(MediaType::ImageManifest, &image.manifest)?;
        manifest.set_annotations(Some(HashMap::from([(ANNOTATION_REF_NAME.to_owned(), name.to_owned())])));
        self.manifests.push(manifest);
        Ok(())
    }

    /// Completes the layout with its index.
    ///
    /// # Errors
    /// [`ImageError`], if it cannot be written.
    pub fn finish(self) -> Result<(), ImageError> {
        let index = ImageIndexBuilder::default()
            .schema_version(SCHEMA_VERSION)
            .media_type(MediaType::ImageIndex)
            .manifests(self.manifests)
            .build()?;
        Ok(fs::write(self.directory.join("index.json"), blob::json(&index)?)?)
    }
}
