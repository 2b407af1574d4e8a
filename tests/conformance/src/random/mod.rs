//! Small workflows and walks through them, drawn from a seed: the same seed, the same document and walk.
//!
//! A document leaves here as text, so that a mistake of the generator is a document that `check` refuses.

mod forge;
mod rng;
mod shape;
mod walk;
mod world;

pub use rng::Rng;
pub use shape::document;
pub use walk::{Attempt, Held, Kind, Walk};
pub use world::{Answer, World};
