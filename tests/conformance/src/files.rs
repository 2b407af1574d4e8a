//! The files of the corpus.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

/// The YAML files of a folder, in the order of their names.
///
/// # Errors
/// Names the folder.
pub fn yaml_files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .collect();
    files.sort();
    Ok(files)
}

/// A file's name, without its extension.
pub fn stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Reads a file of YAML, as strictly as documents are read.
///
/// # Errors
/// Names the file.
pub fn yaml<T: DeserializeOwned>(path: &Path) -> Result<T, String> {
    let text = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let value = stepgate_config::to_json(&text).map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        format!("{}: {}", path.display(), lines.join("; "))
    })?;
    serde_json::from_value(value).map_err(|error| format!("{}: {error}", path.display()))
}
