//! The command `stepgate`, and what its tests share with it.

pub mod command;
pub mod doctor;
mod jwk;
pub mod lab;
pub mod mesh;
pub mod render;
