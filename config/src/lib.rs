//! The workflow language of Stepgate: documents and the gate's configuration, from bytes to checked values.
//!
//! No I/O, no clock, no proxy. Reading an input gives a checked [`Workflow`] or [`GateConfig`], or all
//! errors of the input, each with its place.
//!
//! [`read`] has these steps: `syntax` (bytes to a tree with places), `short` (short forms to long ones), `schema` (the tree against the
//! tables of the language's keys), `document` and `configuration` (the tree to drafts), `check` (the
//! drafts as a whole), and, only where there is no error, the checked values.
//!
//! ```
//! let outcome = stepgate_config::read(b"workflow: movie\nrevision: 1\n");
//! assert!(outcome.checked.is_none());
//! let first = outcome.diagnostics.first().map(ToString::to_string).unwrap_or_default();
//! assert!(first.starts_with("error[E007] 1:1: a workflow has no `trust_domain`"));
//! ```

/// Whether people write the inputs and read the diagnostics, as in the command. A gate takes JSON, and says of an error
/// its code and its place.
const PEOPLE: bool = cfg!(feature = "people");

/// A text for people, formatted; empty where there are none.
macro_rules! words {
    ($($text:tt)*) => {
        if crate::PEOPLE { format!($($text)*) } else { String::new() }
    };
}

pub mod bounds;
mod bypass;
mod check;
mod code;
mod configuration;
mod diagnostic;
mod document;
pub mod duration;
#[cfg(feature = "people")]
mod embedded;
pub mod entries;
pub mod exact;
pub mod gate;
mod graph;
pub mod guard;
pub mod jwk;
mod key_owner;
mod level;
pub mod name;
mod net;
mod open_id;
mod performed_before;
mod proposal;
mod read;
#[cfg(feature = "people")]
mod render;
mod report;
#[cfg(feature = "people")]
mod rewrite;
mod room;
mod schema;
mod serde_text;
mod short;
pub mod sizes;
pub mod sorted;
pub mod soundness;
pub mod spiffe;
pub mod starts;
mod syntax;
mod to_json;
pub mod unmeant;
pub mod workflow;

pub use code::{Code, Severity};
pub use diagnostic::{Diagnostic, Span};
pub use duration::MAX_DURATION;
#[cfg(feature = "people")]
pub use embedded::read_all;
pub use gate::GateConfig;
pub use key_owner::KeyOwner;
pub use level::Level;
pub use read::{Checked, Outcome, read, read_gate, read_workflow};
#[cfg(feature = "people")]
pub use render::render;
pub use report::{MAX_DIAGNOSTICS, more};
#[cfg(feature = "people")]
pub use rewrite::{Form, RewriteError, rewrite};
pub use schema::{Language, json_schema, reference_markdown};
#[cfg(feature = "people")]
pub use syntax::is_ambiguous;
pub use syntax::{MAX_DEPTH, MAX_INPUT, MAX_STRUCTURE, MAX_VALUES};
pub use to_json::to_json;
pub use workflow::Workflow;
