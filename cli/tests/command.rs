//! The command `stepgate` as a process: its output and exit codes.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "helpers of tests are no tests to clippy"
)]
#[path = "command/answer_schema.rs"]
mod answer_schema;
#[path = "command/at_rest.rs"]
mod at_rest;
#[path = "command/check.rs"]
mod check;
#[cfg(feature = "doctor")]
#[path = "command/doctor.rs"]
mod doctor;
#[path = "command/explain.rs"]
mod explain;
#[path = "command/fmt.rs"]
mod fmt;
#[path = "command/folder.rs"]
mod folder;
#[path = "command/help.rs"]
mod help;
#[path = "command/kept.rs"]
mod kept;
#[path = "command/keygen.rs"]
mod keygen;
#[cfg(feature = "lab")]
#[path = "command/lab.rs"]
mod lab;
#[path = "command/network.rs"]
mod network;
#[path = "command/outbound.rs"]
mod outbound;
#[path = "command/render.rs"]
mod render;
#[path = "command/roles.rs"]
mod roles;
#[path = "command/rows.rs"]
mod rows;
#[path = "command/run.rs"]
mod run;
#[path = "command/schemas.rs"]
mod schemas;
#[path = "command/secrets.rs"]
mod secrets;
#[path = "command/starts.rs"]
mod starts;
#[path = "command/times.rs"]
mod times;
#[path = "command/token.rs"]
mod token;
#[path = "command/verify.rs"]
mod verify;
