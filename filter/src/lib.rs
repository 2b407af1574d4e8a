//! The gate as a proxy-wasm module: it gathers the facts of a request, calls the decision, and applies its answer.
//!
//! Read one request from [`configure`] (a configuration becomes a [`plugin_state`]) to [`stream`] (one request and its
//! response). Everything is written against [`host::Host`], and so tested natively. Only `contexts`, `sdk_host` and
//! `raw_calls` know the proxy: the first two through the SDK of proxy-wasm, the last for two calls that the SDK cannot
//! make.
//!
//! No path lets a request through by default: a stream goes on only by consuming a value that the decision made, and
//! every failure here is a denial.
#![cfg_attr(
    not(target_family = "wasm"),
    allow(dead_code, reason = "natively there is no proxy, and only tests call this")
)]

#[cfg(target_family = "wasm")]
mod contexts;
#[cfg(target_family = "wasm")]
mod raw_calls;
#[cfg(target_family = "wasm")]
mod sdk_host;

mod configure;
mod counters;
mod crypto;
mod delivery;
mod gauges;
mod headers;
mod host;
mod local_reply;
mod log_context;
mod log_events;
mod log_limiter;
mod plugin_state;
mod replica;
mod request;
mod response;
mod shared_data;
mod stream;

#[cfg(test)]
mod tests;
