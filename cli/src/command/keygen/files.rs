//! Files that only their owner can read, and that replace nothing unasked.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::command::failure::Failure;

/// Writes all of them, or none where one is there already and may not be replaced.
pub(super) fn write(dir: &Path, files: &[(String, String)], replace: bool) -> Result<Vec<PathBuf>, Failure> {
    let failed =
        |path: &Path, error: io::Error| Failure::impossible(format!("cannot write `{}`: {error}", path.display()));
    let paths: Vec<PathBuf> = files.iter().map(|(name, _)| dir.join(name)).collect();
    if let Some(there) = paths.iter().find(|path| !replace && path.symlink_metadata().is_ok()) {
        return Err(Failure::impossible(format!("`{}` is there already, and nothing was written", there.display()))
            .help("a key that gates use must not be lost: choose another directory, or say --force; files are named after the workflow and the actor, not after the key"));
    }
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|error| failed(dir, error))?;
    for (path, (_, content)) in paths.iter().zip(files) {
        create(path, content, replace).map_err(|error| failed(path, error))?;
    }
    Ok(paths)
}

/// A new file, never an old one written over: that would keep its mode, and follow a link.
fn create(path: &Path, content: &str, replace: bool) -> io::Result<()> {
    if replace && path.symlink_metadata().is_ok() {
        fs::remove_file(path)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content.as_bytes())?;
    file.sync_all()
}
