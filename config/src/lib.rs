//! The workflow language of Stepgate: documents and the gate's configuration, from bytes to checked values.
//!
//! No I/O, no clock, no proxy. A text goes in; either a checked [`Workflow`] or [`GateConfig`] comes
//! out, or everything that is wrong with it, each with its place.

mod code;
mod diagnostic;
pub mod gate;
pub mod guard;
pub mod name;
mod read;
pub mod spiffe;
pub mod workflow;

pub use code::Code;
pub use diagnostic::{Diagnostic, Severity, Span};
pub use gate::GateConfig;
pub use read::{Checked, Outcome, read, read_gate, read_workflow};
pub use workflow::Workflow;
