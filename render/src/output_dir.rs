//! A folder of rendered files. Only files that `stepgate render` has written are replaced or removed.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::gitignore::GITIGNORE;
use crate::layout::{File, HEADER};

/// The folders of rendered files. Other files beside them are left alone.
const FOLDERS: &[&str] = &["base", "components", "entry", "secrets", "stages"];
/// Deeper than any of them.
const MAX_DEPTH: usize = 4;

/// Why a folder was not written or not compared.
#[derive(Debug, thiserror::Error)]
pub enum OutputDirError {
    /// A file that somebody else has written.
    #[error("`{0}` was not written by this command, and nothing was written")]
    Foreign(PathBuf),
    /// The file system refused to write.
    #[error("cannot write `{path}`: {error}")]
    Write {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        error: io::Error,
    },
    /// The file system refused to read.
    #[error("cannot read `{path}`: {error}")]
    Read {
        /// The folder.
        path: PathBuf,
        /// The error of the system.
        error: io::Error,
    },
}

/// Writes the files that differ and removes rendered files that are no longer among them. With `force` it replaces
/// files that somebody else has written, too. Returns the changed paths.
///
/// # Errors
/// A file of somebody else without `force`: then nothing is written; the file system refuses.
pub fn write(dir: &Path, files: &[File], force: bool) -> Result<Vec<String>, OutputDirError> {
    let foreign = files
        .iter()
        .map(|file| dir.join(&file.path))
        .find(|path| path.symlink_metadata().is_ok() && !is_rendered(path));
    if let Some(path) = foreign.filter(|_| !force) {
        return Err(OutputDirError::Foreign(path));
    }
    let changed = compare(dir, files)?;
    for path in &changed {
        let target = dir.join(path);
        let failed = |error: io::Error| OutputDirError::Write { path: target.clone(), error };
        if target.symlink_metadata().is_ok() {
            fs::remove_file(&target).map_err(failed)?;
        }
        if let Some(file) = files.iter().find(|file| file.path == *path) {
            fs::create_dir_all(target.parent().unwrap_or(dir)).map_err(failed)?;
            fs::write(&target, &file.text).map_err(failed)?;
        }
    }
    Ok(changed)
}

/// The paths of files that are missing or differ, and of rendered files that are no longer among them.
///
/// # Errors
/// The file system refuses.
pub fn compare(dir: &Path, files: &[File]) -> Result<Vec<String>, OutputDirError> {
    let differs = |file: &&File| fs::read(dir.join(&file.path)).ok().as_deref() != Some(file.text.as_bytes());
    let mut changed: BTreeSet<String> = files.iter().filter(differs).map(|file| file.path.clone()).collect();
    let mut existing = Vec::new();
    for folder in FOLDERS {
        walk(dir, Path::new(folder), MAX_DEPTH, &mut existing)
            .map_err(|error| OutputDirError::Read { path: dir.join(folder), error })?;
    }
    let stale = existing.into_iter().filter(|path| !files.iter().any(|file| file.path == *path));
    changed.extend(stale.filter(|path| is_rendered(&dir.join(path))));
    Ok(changed.into_iter().collect())
}

/// The files below a folder; links are not followed.
fn walk(dir: &Path, below: &Path, depth: usize, found: &mut Vec<String>) -> io::Result<()> {
    let entries = match fs::read_dir(dir.join(below)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let path: PathBuf = below.join(entry.file_name());
        // It has lines of other commands and of people, and must outlive the secrets beside it.
        if path.ends_with(GITIGNORE) {
            continue;
        }
        match (entry.file_type()?.is_dir(), depth.checked_sub(1)) {
            (true, Some(depth)) => walk(dir, &path, depth, found)?,
            (true, None) => {}
            (false, _) => found.extend(path.to_str().map(str::to_owned)),
        }
    }
    Ok(())
}

fn is_rendered(path: &Path) -> bool {
    fs::read(path).is_ok_and(|text| text.starts_with(HEADER.as_bytes()))
}
