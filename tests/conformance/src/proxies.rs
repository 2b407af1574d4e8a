//! The Envoys that the tests run, and their numbers of workers.

use std::path::PathBuf;

use stepgate_mesh::envoy_at;

/// Numbers of workers: one, and several, which share only the proxy's shared data.
const WORKERS: [u32; 2] = [1, 4];

/// Every Envoy that `STEPGATE_ENVOYS` names (separated by `:`, each a program or a Python virtual environment), and
/// without it the one that the mesh finds, each with one worker and with four. `STEPGATE_ENVOY_WORKERS` names
/// another number.
///
/// # Errors
/// If a variable names an Envoy that does not exist: no Envoy is skipped in silence.
pub fn proxies() -> Result<Vec<(Option<PathBuf>, u32)>, String> {
    let workers = match std::env::var("STEPGATE_ENVOY_WORKERS") {
        Ok(number) => vec![number.parse().map_err(|_| format!("`{number}` is not a number of workers"))?],
        Err(_) => WORKERS.to_vec(),
    };
    let named = std::env::var_os("STEPGATE_ENVOYS").filter(|named| !named.is_empty());
    let there = |path: PathBuf| {
        let missing = || format!("`{}`: there is no Envoy; `make envoys` gets the Envoys", path.display());
        envoy_at(&path).map(Some).ok_or_else(missing)
    };
    let envoys = match named {
        None => vec![None],
        Some(named) => std::env::split_paths(&named).map(there).collect::<Result<_, _>>()?,
    };
    Ok(envoys.iter().flat_map(|envoy| workers.iter().map(|workers| (envoy.clone(), *workers))).collect())
}
