//! Whether joins complete, which transitions no run takes, and where an instance can be left standing: the runs of a
//! workflow, explored as those of a Petri net. docs/semantics.md defines the net.
//!
//! Only for people: a gate denies whatever no run allows.

mod back;
mod explore;
mod findings;
mod marking;
mod net;
mod run;
mod verdict;

pub(crate) use findings::report;
pub use run::Run;
pub use verdict::{Completes, Incomplete, Soundness};
