//! Which Envoys the tests run, and with how many workers.

use std::path::PathBuf;

use stepgate_mesh::envoy_at;

/// Workers of each: one, and several, which share nothing but the proxy's shared data.
const WORKERS: [u32; 2] = [1, 4];

/// Every Envoy that `STEPGATE_ENVOYS` names (separated by `:`, each a program or a Python virtual environment), and
/// without it the one that the mesh finds, each with one worker and with four. `STEPGATE_ENVOY_WORKERS` names
/// another number.
///
/// # Errors
/// Where a variable names what is not there: no Envoy is passed over in silence.
pub fn proxies() -> Result<Vec<(Option<PathBuf>, u32)>, String> {
    let workers = match std::env::var("STEPGATE_ENVOY_WORKERS") {
        Ok(number) => vec![number.parse().map_err(|_| format!("`{number}` is no number of workers"))?],
        Err(_) => WORKERS.to_vec(),
    };
    let named = std::env::var_os("STEPGATE_ENVOYS").filter(|named| !named.is_empty());
    let there = |path: PathBuf| {
        let missing = || format!("`{}`: no Envoy is there; `make envoys` gets them", path.display());
        envoy_at(&path).map(Some).ok_or_else(missing)
    };
    let envoys = match named {
        None => vec![None],
        Some(named) => std::env::split_paths(&named).map(there).collect::<Result<_, _>>()?,
    };
    Ok(envoys.iter().flat_map(|envoy| workers.iter().map(|workers| (envoy.clone(), *workers))).collect())
}
