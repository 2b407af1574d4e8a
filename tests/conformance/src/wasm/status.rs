//! The statuses of the ABI (proxy-wasm/spec, v0.2.1) that the proxy of the tests itself returns.

pub(super) const OK: u32 = 0;
pub(super) const NOT_FOUND: u32 = 1;
pub(super) const BAD_ARGUMENT: u32 = 2;
pub(super) const SERIALIZATION_FAILURE: u32 = 3;
pub(super) const CAS_MISMATCH: u32 = 8;
pub(super) const INTERNAL_FAILURE: u32 = 10;
