//! Whether a file is the filter, before Envoys are started with it: what they say of another is hard to read.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::LabError;

/// How a WebAssembly module begins.
const MAGIC: &[u8] = b"\0asm";
/// What the filter exports: the version of the ABI, and what Envoy calls for each request.
const EXPORTS: [&[u8]; 2] = [b"proxy_abi_version_0_2_1", b"proxy_on_request_headers"];
/// Most that is read; the filter has some three megabytes.
const MAX_MODULE: u64 = 1 << 26;

/// Takes a look at the module.
pub(super) fn look_at(path: &Path) -> Result<(), LabError> {
    if !path.is_file() {
        return Err(LabError::NoModule(path.to_owned()));
    }
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_MODULE).read_to_end(&mut bytes));
    if read.is_ok() && is_filter(&bytes) { Ok(()) } else { Err(LabError::NoFilter(path.to_owned())) }
}

/// The names of exports stand in a module as they are.
fn is_filter(bytes: &[u8]) -> bool {
    let has = |name: &&[u8]| bytes.windows(name.len()).any(|at| at == *name);
    bytes.starts_with(MAGIC) && EXPORTS.iter().all(has)
}
