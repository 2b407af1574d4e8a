//! The two calls of the ABI (proxy-wasm/spec, v0.2.1) that the SDK cannot make as this module needs them.
//!
//! The SDK sends a local response without `response_code_details`, by which access logs tell a denial from
//! other responses. And it panics where a property cannot be set; a denied name in an access log must not end
//! the gate of a worker.
#![allow(unsafe_code, reason = "host functions that the SDK does not wrap; nowhere else in the filter")]

use crate::host::{HostError, LocalReply};

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_send_local_response(
        status: u32,
        details: *const u8,
        details_size: usize,
        body: *const u8,
        body_size: usize,
        headers: *const u8,
        headers_size: usize,
        grpc_status: i32,
    ) -> u32;
    fn proxy_set_property(path: *const u8, path_size: usize, value: *const u8, size: usize) -> u32;
}

const OK: u32 = 0;
const NO_GRPC_STATUS: i32 = -1;

/// Answers in place of the application.
pub(crate) fn send_local_response(reply: &LocalReply) -> Result<(), HostError> {
    let LocalReply { status, details, headers, body, grpc_status } = reply;
    let headers = serialize(headers);
    // SAFETY: each pointer is that of a live slice, with its length; the host keeps none of them.
    let result = unsafe {
        proxy_send_local_response(
            *status,
            details.as_ptr(),
            details.len(),
            body.as_ptr(),
            body.len(),
            headers.as_ptr(),
            headers.len(),
            grpc_status.map_or(NO_GRPC_STATUS, i32::from),
        )
    };
    if result == OK { Ok(()) } else { Err(HostError::LocalReply) }
}

/// Sets the property `path`, which in Envoy is the filter state `wasm.PATH`.
pub(crate) fn set_property(path: &str, value: &str) -> Result<(), HostError> {
    // SAFETY: as above.
    let result = unsafe { proxy_set_property(path.as_ptr(), path.len(), value.as_ptr(), value.len()) };
    if result == OK { Ok(()) } else { Err(HostError::FilterState) }
}

/// A header map as the ABI passes it: a count, the sizes of all names and values, then each name and value
/// with a zero behind it. Numbers are 32 bits, little-endian.
fn serialize(headers: &[(&str, &str)]) -> Vec<u8> {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes();
    let mut bytes = number(headers.len()).to_vec();
    for (name, value) in headers {
        bytes.extend([number(name.len()), number(value.len())].concat());
    }
    for text in headers.iter().flat_map(|(name, value)| [name, value]) {
        bytes.extend(text.bytes().chain([0]));
    }
    bytes
}
