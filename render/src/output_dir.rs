//! A folder of rendered files, with a manifest of their digests. A file that is in the manifest with its digest was
//! written by this command and may be replaced or removed. No other file is, unless it is asked for.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::digests::Digests;
use crate::layout::File;

/// The manifest, in the format of `sha256sum`.
const MANIFEST: &str = "rendered.sha256";

/// Why a folder was not written or not compared.
#[derive(Debug, thiserror::Error)]
pub enum OutputDirError {
    /// Files that somebody else has written, changed or linked.
    #[error("nothing was written, since this command did not write these files, or they were changed since: {}", listed(.0))]
    Changed(Vec<PathBuf>),
    /// A manifest that this command did not write.
    #[error("`{0}` is not a manifest of this command, and nothing was written")]
    Manifest(PathBuf),
    /// A folder that is a link: files would be written elsewhere.
    #[error("`{0}` is a link, and nothing was written")]
    Link(PathBuf),
    /// The file system refused to write.
    #[error("cannot write `{path}`: {error}")]
    Write {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        error: io::Error,
    },
}

impl OutputDirError {
    /// What to do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Changed(_) => Some(
                "move your changes into files of your own, such as a copied stage, which stays; or lose them with --force",
            ),
            Self::Manifest(_) => Some("choose another folder, or give --force"),
            Self::Link(_) => Some("make it a folder, or give --out the place to which it leads"),
            Self::Write { .. } => None,
        }
    }
}

fn listed(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| format!("`{}`", path.display())).collect::<Vec<_>>().join(", ")
}

/// Writes the files that differ, and removes those of an earlier run that are no longer among them. With `force`, also
/// those that were changed since, or are somebody else's at the path of a rendered file. Returns the changed paths.
///
/// # Errors
/// Changed or foreign files without `force`, a folder that is a link: then nothing is written. The file system refuses.
pub fn write(dir: &Path, files: &[File], force: bool) -> Result<Vec<String>, OutputDirError> {
    let path = dir.join(MANIFEST);
    let written = match Digests::read(&path) {
        Some(written) => written,
        None if force => Digests::default(),
        None => return Err(OutputDirError::Manifest(path)),
    };
    for path in files.iter().map(|file| &file.path).chain(written.paths()) {
        let folders = Path::new(path).ancestors().skip(1).map(|folder| dir.join(folder));
        if let Some(link) = folders.filter(|folder| folder != dir).find(|folder| folder.is_symlink()) {
            return Err(OutputDirError::Link(link));
        }
    }
    let changed = changed(dir, files, &written);
    let is_foreign = |path: &&String| {
        let file = dir.join(path);
        file.symlink_metadata().is_ok() && !written.has(path, &file)
    };
    let foreign: Vec<PathBuf> = changed.iter().filter(is_foreign).map(|path| dir.join(path)).collect();
    if !foreign.is_empty() && !force {
        return Err(OutputDirError::Changed(foreign));
    }
    let rendered = Digests::of(files);
    if !changed.is_empty() {
        // If this run is interrupted, the next one knows its files and those of the run before.
        replace(&path, &written.and(&rendered).to_string())?;
    }
    for path in &changed {
        let target = dir.join(path);
        match files.iter().find(|file| file.path == *path) {
            Some(file) => replace(&target, &file.text)?,
            None => fs::remove_file(&target).map_err(|error| OutputDirError::Write { path: target, error })?,
        }
    }
    let is_current = changed.is_empty() && written == rendered;
    if !is_current {
        replace(&path, &rendered.to_string())?;
    }
    Ok(changed.into_iter().chain((!is_current).then(|| MANIFEST.to_owned())).collect())
}

/// The paths of files that [`write`] would write or remove.
///
/// # Errors
/// A manifest that this command did not write.
pub fn compare(dir: &Path, files: &[File]) -> Result<Vec<String>, OutputDirError> {
    let path = dir.join(MANIFEST);
    let written = Digests::read(&path).ok_or(OutputDirError::Manifest(path))?;
    let manifest = (written != Digests::of(files)).then(|| MANIFEST.to_owned());
    Ok(changed(dir, files, &written).into_iter().chain(manifest).collect())
}

/// The files that are missing or differ, and those of an earlier run that are no longer among them.
fn changed(dir: &Path, files: &[File], written: &Digests) -> BTreeSet<String> {
    let differs = |file: &&File| fs::read(dir.join(&file.path)).ok().as_deref() != Some(file.text.as_bytes());
    let is_stale =
        |path: &&String| !files.iter().any(|file| file.path == **path) && dir.join(path).symlink_metadata().is_ok();
    let different = files.iter().filter(differs).map(|file| file.path.clone());
    different.chain(written.paths().filter(is_stale).cloned()).collect()
}

/// Writes a file in one step; a link is replaced.
fn replace(path: &Path, text: &str) -> Result<(), OutputDirError> {
    let write = || {
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        // Readable like any other file of this user: the umask applies.
        let mut file = tempfile::Builder::new().permissions(Permissions::from_mode(0o666)).tempfile_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(|error| OutputDirError::Write { path: path.to_owned(), error })
}
