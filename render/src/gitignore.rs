//! Secrets beside version control: a `.gitignore` names them before they are there.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// The file.
pub(crate) const GITIGNORE: &str = ".gitignore";

/// Adds patterns of files in a folder that are not there yet. The rest of the `.gitignore` stays as it is.
///
/// # Errors
/// The file system refuses.
pub fn ignore(folder: &Path, patterns: &[String]) -> io::Result<()> {
    let path = folder.join(GITIGNORE);
    let present = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        bytes => String::from_utf8_lossy(&bytes?).into_owned(),
    };
    let missing = patterns.iter().filter(|pattern| !is_ignored(&present, pattern));
    let mut lines: String = missing.map(|pattern| format!("/{pattern}\n")).collect();
    if lines.is_empty() {
        return Ok(());
    }
    if !present.is_empty() && !present.ends_with('\n') {
        lines.insert(0, '\n');
    }
    let mut file = OpenOptions::new().append(true).create(true).open(&path)?;
    file.write_all(lines.as_bytes())?;
    file.sync_all()
}

/// Whether a line has the pattern and no later one takes files back.
fn is_ignored(present: &str, pattern: &str) -> bool {
    let lines: Vec<&str> = present.lines().map(str::trim_end).collect();
    let names = |line: &&str| *line == "*" || line.strip_prefix('/').unwrap_or(line) == pattern;
    let after = lines.iter().rposition(names).and_then(|at| lines.get(at..));
    after.is_some_and(|after| !after.iter().any(|line| line.starts_with('!')))
}

/// A file as a pattern (gitignore(5)): a character with a meaning is escaped, one that is no text matches any.
pub fn pattern(file: &OsStr) -> String {
    let escape = |c: char| match c {
        '*' | '?' | '[' | ']' | '\\' | ' ' => vec!['\\', c],
        char::REPLACEMENT_CHARACTER => vec!['*'],
        _ => vec![c],
    };
    file.to_string_lossy().chars().flat_map(escape).collect()
}
