//! Checks that a file is the filter before Envoys are started with it: their own errors are hard to read.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::LabError;

/// The first bytes of a WebAssembly module.
const MAGIC: &[u8] = b"\0asm";
/// Exports of the filter: the version of the ABI, and the callback for each request.
const EXPORTS: [&[u8]; 2] = [b"proxy_abi_version_0_2_1", b"proxy_on_request_headers"];
/// Most bytes that are read; the filter has about three megabytes.
const MAX_MODULE: u64 = 1 << 26;

/// Checks the module.
pub(super) fn look_at(path: &Path) -> Result<(), LabError> {
    if !path.is_file() {
        return Err(LabError::NoModule(path.to_owned()));
    }
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_MODULE).read_to_end(&mut bytes));
    if read.is_ok() && is_filter(&bytes) { Ok(()) } else { Err(LabError::NoFilter(path.to_owned())) }
}

/// A module contains the names of its exports as plain text.
fn is_filter(bytes: &[u8]) -> bool {
    let has = |name: &&[u8]| bytes.windows(name.len()).any(|at| at == *name);
    bytes.starts_with(MAGIC) && EXPORTS.iter().all(has)
}
