//! The files that the arguments name: alone, in a folder, by a pattern.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use crate::command::source;

/// Files in a folder that may be documents.
const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

/// A file to read, or an argument without one.
#[derive(Debug)]
pub(in crate::command) enum Found {
    /// A file.
    File {
        path: PathBuf,
        /// Whether an argument is its name. Others may be of no interest.
        is_named: bool,
    },
    /// An argument that leads to no file, and why.
    Nothing { argument: PathBuf, reason: String },
}

/// The files of all arguments, each once.
pub(in crate::command) fn expand(arguments: &[PathBuf]) -> Vec<Found> {
    let mut seen = BTreeSet::new();
    let all = arguments.iter().flat_map(|argument| files(argument));
    all.filter(|found| match found {
        Found::File { path, .. } => seen.insert(path.clone()),
        Found::Nothing { .. } => true,
    })
    .collect()
}

fn files(argument: &Path) -> Vec<Found> {
    if argument.is_dir() {
        return or_nothing(argument, folder(argument), "no file in this folder may be a document (YAML or JSON)");
    }
    let text = argument.to_string_lossy();
    if !source::is_stdin(argument) && !argument.exists() && text.contains(['*', '?', '[']) {
        return or_nothing(argument, pattern(argument, &text), "no file matches this pattern");
    }
    vec![Found::File { path: argument.to_owned(), is_named: true }]
}

fn or_nothing(argument: &Path, found: Vec<Found>, reason: &str) -> Vec<Found> {
    if found.is_empty() { vec![nothing(argument, reason)] } else { found }
}

fn nothing(argument: &Path, reason: impl ToString) -> Found {
    Found::Nothing { argument: argument.to_owned(), reason: reason.to_string() }
}

fn unnamed(path: PathBuf) -> Found {
    Found::File { path, is_named: false }
}

/// The files in a folder and below, in order, without those that version control ignores.
fn folder(folder: &Path) -> Vec<Found> {
    let mut walk = WalkBuilder::new(folder);
    walk.require_git(false).sort_by_file_name(Ord::cmp);
    let is_text =
        |path: &Path| path.extension().is_some_and(|extension| EXTENSIONS.iter().any(|known| extension == *known));
    let files = walk.build().filter_map(|entry| match entry {
        Ok(entry) => {
            let path = entry.into_path();
            // A mounted ConfigMap has links.
            (is_text(&path) && path.is_file()).then(|| unnamed(path))
        }
        Err(error) => Some(nothing(folder, error)),
    });
    files.collect()
}

/// The files that match a pattern, in order.
fn pattern(argument: &Path, text: &str) -> Vec<Found> {
    match glob::glob(text) {
        Err(error) => vec![nothing(argument, error)],
        Ok(paths) => paths
            .filter_map(|path| match path {
                Ok(path) => path.is_file().then(|| unnamed(path)),
                Err(error) => Some(nothing(argument, error)),
            })
            .collect(),
    }
}
