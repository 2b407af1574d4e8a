//! Files with secrets: readable by their owner alone, and never half written.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Why a file was not written.
#[derive(Debug, thiserror::Error)]
pub enum PrivateFileError {
    /// The file exists and must not be replaced.
    #[error("`{0}` exists, and nothing was written")]
    Exists(PathBuf),
    /// The file system refused.
    #[error("cannot write `{path}`: {error}")]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The error of the system.
        error: io::Error,
    },
}

/// Requires that nothing is at this path yet.
///
/// # Errors
/// A file, a folder or a link is there.
pub fn require_absent(path: &Path) -> Result<(), PrivateFileError> {
    if path.symlink_metadata().is_ok() { Err(PrivateFileError::Exists(path.to_owned())) } else { Ok(()) }
}

/// Writes a file in one step: keys in use must not be lost half-way. The target of a link is replaced, not the link:
/// another program reads that target.
///
/// # Errors
/// The file system refuses; `PATH.new` exists, because a run was interrupted or another one is at work.
pub fn write(path: &Path, text: &str) -> Result<(), PrivateFileError> {
    replace(path, text).map_err(|error| PrivateFileError::Write { path: path.to_owned(), error })
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", new.display()));
    let mut file = create_new(&new).map_err(named)?;
    let written = write_all(&mut file, text).and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        // The old file is unchanged; an incomplete new one is of no use.
        let _ = fs::remove_file(&new);
    }
    written
}

/// Writes files, by name and text, into a folder that only its owner can read. If one of them exists and `replace` is
/// not set, none is written. Returns their paths.
///
/// # Errors
/// A file exists; the file system refuses.
pub fn write_all_into(dir: &Path, files: &[(String, String)], replace: bool) -> Result<Vec<PathBuf>, PrivateFileError> {
    let paths: Vec<PathBuf> = files.iter().map(|(name, _)| dir.join(name)).collect();
    if !replace {
        paths.iter().try_for_each(|path| require_absent(path))?;
    }
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error| PrivateFileError::Write { path, error }
    };
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed(dir))?;
    for (path, (_, text)) in paths.iter().zip(files) {
        // Writing over an old file would keep its mode and follow a link.
        if replace && path.symlink_metadata().is_ok() {
            fs::remove_file(path).map_err(failed(path))?;
        }
        create_new(path).and_then(|mut file| write_all(&mut file, text)).map_err(failed(path))?;
    }
    Ok(paths)
}

fn create_new(path: &Path) -> io::Result<fs::File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

fn write_all(file: &mut fs::File, text: &str) -> io::Result<()> {
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
