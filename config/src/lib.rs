//! The workflow language of Stepgate: documents and the gate's configuration, from bytes to checked values.
//!
//! No I/O, no clock, no proxy. A text goes in; either a checked [`Workflow`] or [`GateConfig`] comes
//! out, or everything that is wrong with it, each with its place.

pub mod gate;
pub mod guard;
pub mod name;
pub mod spiffe;
pub mod workflow;

pub use gate::GateConfig;
pub use workflow::Workflow;
