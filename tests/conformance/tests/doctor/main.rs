//! `stepgate doctor` with real Envoys, each with a real fault of its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

mod faults;
mod holes;
mod listeners;
mod mesh;
mod recorded;
