//! A second reading of `docs/protocol.md`, slow and plain. It remembers every arrival with its parents and asks the
//! whole ancestry each time. It shares no code with the decision, which sees only tokens, and takes nothing from the
//! analysis in `stepgate_config`: it finds the fork of a join by taking each task away in turn.
//!
//! The sender of a request says which arrival each token proves, who holds it, and what was done to it. From that the
//! reader says which transition the request is, or the code of the denial. It can also mint tokens, because
//! it knows what each arrival's token must say.

pub mod alter;
mod ancestry;
mod arrival;
mod claims;
mod delays;
mod denied;
mod enter;
mod guard;
mod header;
mod key;
mod kind;
mod path;
mod readable;
mod reader;
mod renamed;
mod request;
mod show;
mod span;
mod token;
mod ways;
mod which;

pub use arrival::{Arrival, Arrived, Past, Permitted, Times};
pub use claims::{Claims, StepClaim};
pub use denied::Denied;
pub use guard::{GuardVariables, guard_value};
pub use key::{Key, KeyError};
pub use kind::Kind;
pub use reader::{NoFork, Reader};
pub use request::Request;
pub use span::Span;
pub use token::{Flaw, Shown, Token};
