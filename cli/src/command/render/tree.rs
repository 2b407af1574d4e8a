//! Files in a directory, where only what this command has written is replaced or removed.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::command::failure::Failure;
use stepgate_render::{File, MARK};

/// The folders in which files are written. What others put beside them is theirs.
const FOLDERS: &[&str] = &["base", "components", "entry", "secrets", "stages"];
/// Deeper than any of them.
const DEPTH: usize = 4;

/// Writes what differs, and removes what was written once and is no more. Says which files.
pub(super) fn write(dir: &Path, files: &[File], force: bool) -> Result<Vec<String>, Failure> {
    let foreign = files.iter().find(|file| {
        let path = dir.join(&file.path);
        path.symlink_metadata().is_ok() && !is_ours(&path)
    });
    if let Some(file) = foreign.filter(|_| !force) {
        return Err(Failure::impossible(format!(
            "`{}` was not written by this command, and nothing was written",
            dir.join(&file.path).display()
        ))
        .help("choose another directory, or say --force"));
    }
    let changed = compare(dir, files)?;
    for path in &changed {
        let place = dir.join(path);
        let failed = |error: io::Error| Failure::impossible(format!("cannot write `{}`: {error}", place.display()));
        if place.symlink_metadata().is_ok() {
            fs::remove_file(&place).map_err(failed)?;
        }
        if let Some(file) = files.iter().find(|file| file.path == *path) {
            fs::create_dir_all(place.parent().unwrap_or(dir)).map_err(failed)?;
            fs::write(&place, &file.text).map_err(failed)?;
        }
    }
    Ok(changed)
}

/// Which files differ from what is wanted, are not there, or are there from another time.
pub(super) fn compare(dir: &Path, files: &[File]) -> Result<Vec<String>, Failure> {
    let differs = |file: &&File| fs::read(dir.join(&file.path)).ok().as_deref() != Some(file.text.as_bytes());
    let mut changed: BTreeSet<String> = files.iter().filter(differs).map(|file| file.path.clone()).collect();
    let mut there = Vec::new();
    for folder in FOLDERS {
        walk(dir, Path::new(folder), DEPTH, &mut there)
            .map_err(|error| Failure::impossible(format!("cannot read `{}`: {error}", dir.join(folder).display())))?;
    }
    let stale = there.into_iter().filter(|path| !files.iter().any(|file| file.path == *path));
    changed.extend(stale.filter(|path| is_ours(&dir.join(path))));
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
        match (entry.file_type()?.is_dir(), depth.checked_sub(1)) {
            (true, Some(depth)) => walk(dir, &path, depth, found)?,
            (true, None) => {}
            (false, _) => found.extend(path.to_str().map(str::to_owned)),
        }
    }
    Ok(())
}

fn is_ours(path: &Path) -> bool {
    fs::read(path).is_ok_and(|text| text.starts_with(MARK.as_bytes()))
}
