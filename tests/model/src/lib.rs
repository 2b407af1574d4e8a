//! A model of gates, replicas, proxies and an adversary, explored with the real decision: `docs/model.md` says what is
//! explored, and what is not.
//!
//! [`semantics`] is what a workflow allows; [`model`] compares each decision of each reachable state with it, in both directions.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

pub mod explore;
pub mod gates;
pub mod history;
pub mod interner;
pub mod model;
pub mod perfect;
pub mod record;
pub mod rogue;
pub mod semantics;
pub mod shape;
pub mod shapes;
