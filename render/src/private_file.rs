//! Files with secrets: readable by their owner alone, ignored by git, never half written, and held from reading to
//! writing, so that no change is lost when several commands run at once.

use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::gitignore;

/// How a file begins that is not complete yet. One that an interrupted run left can be removed.
const INCOMPLETE: &str = ".stepgate-";

/// Why a file was not written.
#[derive(Debug, thiserror::Error)]
pub enum PrivateFileError {
    /// The file exists and must not be replaced.
    #[error("`{0}` exists, and nothing was written")]
    Exists(PathBuf),
    /// The path is a link without a target: a file in its place would not be where the link leads.
    #[error("`{0}` is a link that leads nowhere, and nothing was written")]
    Dangling(PathBuf),
    /// A folder, or `-`: secrets are not printed.
    #[error("`{0}` is not the path of a file, and secrets are not printed")]
    NotAFile(PathBuf),
    /// The folder cannot be locked.
    #[error("cannot lock the folder `{path}`: {error}")]
    Lock {
        /// The folder.
        path: PathBuf,
        /// The error of the system.
        error: io::Error,
    },
    /// The file system refused.
    #[error("cannot write `{path}`: {error}")]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The error of the system.
        error: io::Error,
    },
}

/// A folder in which no other command reads or writes secrets as long as this exists.
#[derive(Debug)]
pub struct PrivateFolder {
    path: PathBuf,
    /// The lock of the system, which ends with the process, too. A lock of a file would not outlive its replacement.
    handle: File,
}

impl PrivateFolder {
    /// Creates the folder, readable by its owner alone, and waits until no other command uses it.
    ///
    /// # Errors
    /// The file system refuses, or has no locks.
    pub fn lock(path: &Path) -> Result<Self, PrivateFileError> {
        let path = if path.as_os_str().is_empty() { PathBuf::from(".") } else { path.to_owned() };
        let failed = |error| PrivateFileError::Write { path: path.clone(), error };
        DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(failed)?;
        let locked = File::open(&path).and_then(|handle| handle.lock().map(|()| handle));
        let handle = locked.map_err(|error| PrivateFileError::Lock { path: path.clone(), error })?;
        Ok(Self { path, handle })
    }

    /// The path of a file in it.
    pub fn file(&self, name: impl AsRef<Path>) -> PathBuf {
        // `./keys.yaml` is `keys.yaml` to people.
        if self.path == Path::new(".") { name.as_ref().to_owned() } else { self.path.join(name) }
    }

    /// Writes a file in one step: after a crash it has its old text or the new one. A link is replaced.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn write(&self, name: &OsStr, text: &str) -> Result<PathBuf, PrivateFileError> {
        let path = self.file(name);
        self.replace(name, text).map_err(|error| PrivateFileError::Write { path: path.clone(), error })?;
        Ok(path)
    }

    fn replace(&self, name: &OsStr, text: &str) -> io::Result<()> {
        gitignore::ignore(&self.path, &[format!("{INCOMPLETE}*"), gitignore::pattern(name)])?;
        // A temporary file has the mode 0600.
        let mut file = tempfile::Builder::new().prefix(INCOMPLETE).tempfile_in(&self.path)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(self.path.join(name)).map_err(|error| error.error)?;
        // The file is there. Not every file system can also promise that of its name.
        let _ = self.handle.sync_all();
        Ok(())
    }
}

/// One file that is read, changed and written.
#[derive(Debug)]
pub struct PrivateFile {
    folder: PrivateFolder,
    name: OsString,
}

impl PrivateFile {
    /// Locks the folder of a file. Of a link, that is the folder of its target: another program reads that target.
    ///
    /// # Errors
    /// The path names no file; the folder cannot be locked.
    pub fn lock(path: &Path) -> Result<Self, PrivateFileError> {
        let is_link = path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
        let target = if is_link { fs::canonicalize(path).ok() } else { Some(path.to_owned()) };
        let target = target.ok_or_else(|| PrivateFileError::Dangling(path.to_owned()))?;
        let name = target.file_name().filter(|name| *name != "-" && !target.is_dir());
        let name = name.ok_or_else(|| PrivateFileError::NotAFile(path.to_owned()))?.to_owned();
        let folder = PrivateFolder::lock(target.parent().unwrap_or(Path::new("")))?;
        Ok(Self { folder, name })
    }

    /// The file, which may not exist yet.
    pub fn path(&self) -> PathBuf {
        self.folder.file(&self.name)
    }

    /// Whether the file exists.
    pub fn exists(&self) -> bool {
        self.path().symlink_metadata().is_ok()
    }

    /// Writes the file in one step.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn write(&self, text: &str) -> Result<PathBuf, PrivateFileError> {
        self.folder.write(&self.name, text)
    }
}
