//! Bytes from files and the standard input, never more than a bound.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use stepgate_config::MAX_INPUT;
use stepgate_render::RenderError;
use stepgate_render::private_file::PrivateFile;

use super::error::CommandError;
use super::output;

/// The argument that means the standard input.
pub(super) const STDIN: &str = "-";

/// Why there are no bytes.
#[derive(Debug, thiserror::Error)]
pub(super) enum SourceError {
    /// The file cannot be read.
    #[error("cannot read `{name}`: {}", reason(.error))]
    Read { name: String, error: io::Error },
    /// There are more bytes than the bound.
    #[error("`{name}` has more than {max} bytes{}", in_mebibytes(*.max))]
    TooLarge { name: String, max: usize },
    /// A text is not UTF-8.
    #[error("`{0}` is not UTF-8")]
    NotUtf8(String),
}

/// ` (8 MiB)`, where it is a whole number of them.
fn in_mebibytes(bytes: usize) -> String {
    match (bytes >> 20, bytes % (1 << 20)) {
        (0, _) | (_, 1..) => String::new(),
        (mebibytes, 0) => format!(" ({mebibytes} MiB)"),
    }
}

impl From<SourceError> for CommandError {
    fn from(error: SourceError) -> Self {
        let failure = Self::failed(&error);
        match error {
            SourceError::Read { error, .. } if error.kind() == io::ErrorKind::NotFound => {
                failure.help("`-` means the standard input")
            }
            SourceError::Read { .. } | SourceError::TooLarge { .. } | SourceError::NotUtf8(_) => failure,
        }
    }
}

/// A document or a configuration.
pub(super) struct Source {
    /// The name in messages.
    pub(super) name: String,
    pub(super) text: Vec<u8>,
}

impl Source {
    /// Reads at most [`MAX_INPUT`] bytes. A document with more is one with an error.
    pub(super) fn read(path: &Path) -> Result<Self, CommandError> {
        match read(path, MAX_INPUT) {
            Ok(text) => Ok(Self { name: name_of(path), text }),
            Err(error @ SourceError::TooLarge { .. }) => Err(CommandError::document(error)),
            Err(error) => Err(error.into()),
        }
    }

    /// Prints what is wrong with the text.
    pub(super) fn reject(&self, found: &[stepgate_config::Diagnostic]) -> CommandError {
        let errors: Vec<_> = found.iter().filter(|diagnostic| diagnostic.is_error()).cloned().collect();
        output::note(&stepgate_config::render(&errors, &self.text, &self.name, output::colours_errors()));
        CommandError::InvalidDocument
    }
}

/// The name of a path in messages.
pub(super) fn name_of(path: &Path) -> String {
    if is_stdin(path) { "<stdin>".into() } else { output::escape(&path.display().to_string()) }
}

/// Reads a file, or the standard input for `-`, unless it has more than `max` bytes.
pub(super) fn read(path: &Path, max: usize) -> Result<Vec<u8>, SourceError> {
    let name = name_of(path);
    let bytes = if is_stdin(path) {
        output::prompt_for("a document");
        bounded(io::stdin().lock(), max)
    } else {
        File::open(path).and_then(|file| bounded(file, max))
    };
    match bytes {
        Err(error) => Err(SourceError::Read { name, error }),
        Ok(bytes) if bytes.len() > max => Err(SourceError::TooLarge { name, max }),
        Ok(bytes) => Ok(bytes),
    }
}

/// Reads a short text, such as a token or a key.
pub(super) fn read_text(path: &Path, max: usize) -> Result<String, SourceError> {
    String::from_utf8(read(path, max)?).map_err(|_| SourceError::NotUtf8(name_of(path)))
}

/// Reads a file that only this command writes.
pub(super) fn read_own<T>(
    path: &Path,
    max: usize,
    command: &str,
    parse: impl FnOnce(&str) -> Result<T, RenderError>,
) -> Result<T, CommandError> {
    parse(&read_text(path, max)?).map_err(|error| {
        CommandError::failed(format!("cannot use `{}`: {error}", name_of(path)))
            .help(format!("only `{command}` may write and change it"))
    })
}

/// Locks a file that only this command writes, and reads it; an empty one is as good as none. A command that `keeps` it
/// needs one.
pub(super) fn lock_own<T>(
    path: &Path,
    max: usize,
    command: &str,
    keeps: bool,
    parse: impl FnOnce(&str) -> Result<T, RenderError>,
) -> Result<(PrivateFile, Option<T>), CommandError> {
    if keeps && path.symlink_metadata().is_err() {
        return Err(SourceError::Read { name: name_of(path), error: io::ErrorKind::NotFound.into() }.into());
    }
    let file = PrivateFile::lock(path).map_err(CommandError::failed)?;
    let is_empty = fs::metadata(file.path()).is_ok_and(|metadata| metadata.len() == 0);
    let content =
        if file.exists() && (keeps || !is_empty) { Some(read_own(&file.path(), max, command, parse)?) } else { None };
    Ok((file, content))
}

pub(super) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == STDIN
}

/// All bytes up to the bound, and one more if there are more.
fn bounded(from: impl Read, max: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    from.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The system's message without its number.
fn reason(error: &io::Error) -> String {
    let known = [
        (io::ErrorKind::NotFound, "there is no such file"),
        (io::ErrorKind::IsADirectory, "it is a directory"),
        (io::ErrorKind::PermissionDenied, "permission denied"),
    ];
    let text = known.iter().find(|(kind, _)| *kind == error.kind());
    text.map_or_else(|| error.to_string(), |(_, text)| (*text).to_owned())
}
