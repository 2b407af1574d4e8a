//! One corpus of cases, and the subjects that run it: the native decision, the module in wasmtime, and in a real Envoy.
//!
//! The cases are data (`tests/corpus/`, see the README there), so that another implementation can run them.

pub mod base;
pub mod bench;
pub mod case;
pub mod corpus;
mod departure;
pub mod der;
pub mod docs;
pub mod environment;
pub mod envoy;
pub mod files;
pub mod http;
pub mod live;
pub mod mirror;
pub mod module_size;
pub mod native;
pub mod outcome;
pub mod prepared;
pub mod process;
pub mod proxies;
pub mod random;
pub mod raw;
pub mod steps;
pub mod tamper;
pub mod trials;
#[cfg(feature = "wasm")]
pub mod wasm;
