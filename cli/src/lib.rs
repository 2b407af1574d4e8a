//! The command `stepgate`, and what its tests share with it.

pub mod mesh;
