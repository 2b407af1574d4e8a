//! The proxy-wasm shell: gathers the facts of a request, asks the decision, applies its answer.
//!
//! Read one request from [`root`] (a configuration becomes a [`station`]) to [`stream`] (one request
//! and its response). Everything is written against [`host::Host`], and so tested natively; only
//! [`abi`] and [`entry`] know the proxy.
//!
//! No path lets a request through by default: a stream goes on only by consuming what the decision
//! made, and whatever fails here is a denial.
#![cfg_attr(
    not(target_family = "wasm"),
    allow(dead_code, reason = "natively there is no proxy, and only tests call what it would")
)]

#[cfg(target_family = "wasm")]
mod abi;
#[cfg(target_family = "wasm")]
mod entry;

mod configure;
mod contexts;
mod counters;
mod crypto;
mod gauges;
mod headers;
mod host;
mod known;
mod lines;
mod pairs;
mod quota;
mod refuse;
mod replica;
mod request;
mod response;
mod station;
mod store;
mod stream;

#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;
