//! The VM's variables, asked of the proxy itself: the C library ends the whole VM where the proxy does not give
//! them, and believes every pointer.

use std::collections::BTreeMap;
use std::env::VarError;
use std::ffi::OsString;

/// Most bytes of all variables together. Istio sets at most 256 of at most 2,048 characters.
const MAX_BYTES: usize = 1 << 20;
/// Most variables.
const MAX_VARIABLES: usize = 4096;

#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    fn environ_sizes_get(count: *mut usize, size: *mut usize) -> u32;
    fn environ_get(pointers: *mut *mut u8, bytes: *mut u8) -> u32;
}

/// The variables, as they were when they were read.
pub(super) struct Variables(BTreeMap<Vec<u8>, Vec<u8>>);

impl Variables {
    /// Asks for them. Where the proxy gives none there are none, and what wants one says so.
    pub(super) fn read() -> Self {
        Self(read().map(|bytes| split(&bytes)).unwrap_or_default())
    }

    pub(super) fn get(&self, name: &str) -> Result<String, VarError> {
        let value = self.0.get(name.as_bytes()).ok_or(VarError::NotPresent)?;
        String::from_utf8(value.clone()).map_err(|_| VarError::NotUnicode(OsString::new()))
    }
}

/// All variables, each `NAME=VALUE` with a zero behind it.
fn read() -> Option<Vec<u8>> {
    let (mut count, mut size) = (0, 0);
    let status = unsafe { environ_sizes_get(&raw mut count, &raw mut size) };
    if status != super::OK || count > MAX_VARIABLES || size > MAX_BYTES {
        return None;
    }
    let mut pointers = vec![std::ptr::null_mut(); count];
    let mut bytes = vec![0; size];
    // The pointers go into `bytes`, and are not needed.
    let status = unsafe { environ_get(pointers.as_mut_ptr(), bytes.as_mut_ptr()) };
    (status == super::OK).then_some(bytes)
}

fn split(bytes: &[u8]) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let pair = |line: &[u8]| {
        let at = line.iter().position(|byte| *byte == b'=')?;
        let (name, value) = line.split_at_checked(at)?;
        Some((name.to_vec(), value.get(1..)?.to_vec()))
    };
    // As the C library has it: of a name that stands twice, the first counts.
    bytes.split(|byte| *byte == 0).rev().filter_map(pair).collect()
}
