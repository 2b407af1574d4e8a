//! Replaces the text of a file in one step.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::error::CommandError;
use super::source;

/// Replaces the `old` text of a file by a `new` one: after a crash it has one of the two. Its mode and owner stay, and a link
/// still leads to it.
///
/// # Errors
/// The file has changed since it was read, it has several names (a replaced file would have only this one), or the file system
/// refuses.
pub(super) fn replace(path: &Path, old: &str, new: &str) -> Result<(), CommandError> {
    let name = source::name_of(path);
    let failed = |error: io::Error| CommandError::failed(format!("cannot write `{name}`: {error}"));
    let target = fs::canonicalize(path).map_err(failed)?;
    let metadata = fs::metadata(&target).map_err(failed)?;
    if metadata.nlink() > 1 {
        return Err(CommandError::failed(format!("`{name}` has {} names (hard links)", metadata.nlink()))
            .help("a file in its place would have one: write the output of `stepgate fmt` into it"));
    }
    let folder = target.parent().unwrap_or(Path::new("/"));
    let mut file = tempfile::Builder::new().prefix(".stepgate-").tempfile_in(folder).map_err(failed)?;
    file.write_all(new.as_bytes()).map_err(failed)?;
    let owner = file.as_file().metadata().map(|own| (own.uid(), own.gid())).map_err(failed)?;
    if owner != (metadata.uid(), metadata.gid()) {
        std::os::unix::fs::fchown(file.as_file(), Some(metadata.uid()), Some(metadata.gid())).map_err(failed)?;
    }
    file.as_file().set_permissions(metadata.permissions()).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    if fs::read(&target).map_err(failed)? != old.as_bytes() {
        return Err(CommandError::failed(format!("`{name}` has changed since it was read: nothing was written")));
    }
    file.persist(&target).map_err(|error| failed(error.error))?;
    // The file is there. Not every file system can also promise that of its name.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}
