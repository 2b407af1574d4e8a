//! The file of Secrets: for its owner alone, and never half written.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::command::failure::Failure;
use crate::command::input;
use stepgate_render::Secrets;

/// More than any estate's Secrets have.
const MOST: usize = 8 * 1024 * 1024;

/// Reads the Secrets that are there.
pub(in crate::command) fn read(path: &Path) -> Result<Secrets, Failure> {
    let text = input::read_text(path, "file of Secrets", MOST)?;
    Secrets::read(&text).map_err(|wrong| {
        Failure::impossible(format!("cannot use `{}`: {wrong}", input::name_of(path)))
            .help("it is written by `stepgate secrets`, and changed by it alone")
    })
}

/// Writes Secrets, unless a file is there that may not be replaced.
pub(super) fn write(path: &Path, text: &str, replace: bool) -> Result<(), Failure> {
    if !replace && path.symlink_metadata().is_ok() {
        return Err(Failure::impossible(format!("`{}` is there already, and nothing was written", path.display()))
            .help("--add keeps its keys and draws what is missing; --rotate changes them without a gap; --force loses them"));
    }
    create(path, text).map_err(|error| Failure::impossible(format!("cannot write `{}`: {error}", path.display())))
}

/// A file for its owner alone. It takes the place of an old one at once: keys in use must not be lost half-way.
/// Where a link stands, the file behind it is replaced: somebody else reads that one.
pub(in crate::command) fn create(path: &Path, text: &str) -> io::Result<()> {
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    name.push(".new");
    let beside = path.with_file_name(name);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // One that is there was left by somebody who was interrupted, or is at work.
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", beside.display()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside).map_err(named)?;
    let written =
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // What is there is as it was; what was begun is no use to anybody.
        let _ = fs::remove_file(&beside);
    }
    written
}
