//! `stepgate doctor` with real Envoys, each with a real fault of its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

mod envoy;
mod faults;
mod holes;
mod listeners;
mod mesh;
mod outbound;
mod recorded;

/// Each kind of finding is made here: by an Envoy, or where none can have it, in a recorded answer.
#[test]
fn every_kind_has_a_test() {
    let sources = [
        include_str!("envoy.rs"),
        include_str!("faults.rs"),
        include_str!("holes.rs"),
        include_str!("listeners.rs"),
        include_str!("outbound.rs"),
        include_str!("recorded.rs"),
    ];
    for code in stepgate_doctor::Kind::CODES {
        let kind: stepgate_doctor::Kind = code.parse().unwrap();
        let named = format!("Kind::{kind:?}");
        assert!(sources.iter().any(|source| source.contains(&named)), "{named}");
    }
}
