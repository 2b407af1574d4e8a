//! Small random workflows and walks through them. A seed determines the document and the walk.
//!
//! A document leaves this module as text: if the generator makes a mistake, `check` rejects the document.

mod document;
mod rng;
mod shape;
mod times;
mod tour;
mod walk;
mod world;

pub use document::{Constraint, Document, Edge, Task};
pub use rng::Rng;
pub use shape::document;
pub use times::timed;
pub use tour::{Hop, Tour};
pub use walk::{Attempt, Kind, Walk};
pub use world::{Answer, NotPermitted, Refused, World};
