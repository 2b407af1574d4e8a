//! Properties of any token, any path and any baggage, each checked against a second, simple reader.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

mod carrier;
mod hs256;
mod path;
mod spelling;
mod token;
