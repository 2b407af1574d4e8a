//! Small random workflows and walks through them. A seed determines the document and the walk.
//!
//! A document leaves here as text, so that a mistake of the generator is a document that `check` refuses.

mod document;
mod rng;
mod shape;
mod walk;
mod world;

pub use document::{Document, Edge, Task};
pub use rng::Rng;
pub use shape::document;
pub use walk::{Attempt, Kind, Walk};
pub use world::{Answer, NotPermitted, Refused, World};
