//! Bytes from files and the standard input, never more than are wanted.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::failure::Failure;
use super::output;

/// The argument that stands for the standard input.
pub(super) const STDIN: &str = "-";

/// What was read.
pub(super) enum Input {
    /// All of it.
    Whole(Vec<u8>),
    /// There is more than the bound; nothing was kept.
    TooLarge,
}

/// How a path is called in messages.
pub(super) fn name_of(path: &Path) -> String {
    if is_stdin(path) { "<stdin>".into() } else { output::plain(&path.display().to_string()) }
}

/// Reads a file, or the standard input for `-`, unless it has more than `most` bytes.
pub(super) fn read(path: &Path, most: usize) -> Result<Input, Failure> {
    let fail = |error: io::Error| {
        let failure = Failure::impossible(format!("cannot read `{}`: {}", name_of(path), reason(&error)));
        if error.kind() == io::ErrorKind::NotFound {
            failure.help("`-` stands for the standard input")
        } else {
            failure
        }
    };
    if is_stdin(path) {
        output::ask_for("a document");
        return bounded(io::stdin().lock(), most).map_err(fail);
    }
    bounded(File::open(path).map_err(fail)?, most).map_err(fail)
}

/// Reads a short text, such as a token or a key.
pub(super) fn read_text(path: &Path, what: &str, most: usize) -> Result<String, Failure> {
    match read(path, most)? {
        Input::TooLarge => {
            Err(Failure::impossible(format!("`{}` has more than {most} bytes: that is no {what}", name_of(path))))
        }
        Input::Whole(bytes) => String::from_utf8(bytes)
            .map_err(|_| Failure::impossible(format!("`{}` is not UTF-8: that is no {what}", name_of(path)))),
    }
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == STDIN
}

fn bounded(from: impl Read, most: usize) -> io::Result<Input> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    from.take(limit).read_to_end(&mut bytes)?;
    Ok(if bytes.len() > most { Input::TooLarge } else { Input::Whole(bytes) })
}

/// What the system says, without its number.
fn reason(error: &io::Error) -> String {
    let known = [
        (io::ErrorKind::NotFound, "there is no such file"),
        (io::ErrorKind::IsADirectory, "it is a directory"),
        (io::ErrorKind::PermissionDenied, "permission denied"),
    ];
    let plain = known.iter().find(|(kind, _)| *kind == error.kind());
    plain.map_or_else(|| error.to_string(), |(_, text)| (*text).to_owned())
}
