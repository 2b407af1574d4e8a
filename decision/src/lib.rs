//! The decision of Stepgate: facts go in, a permit or a denial comes out.
//!
//! Pure: no clock, no randomness, no log, no call to a proxy. Time and randomness are facts,
//! signatures go through [`keys::Crypto`], and a [`replay_record::Store`] keeps the consumed transitions.
//!
//! [`decide`] is where to begin reading.

mod audit;
mod baggage;
mod base64url;
mod called;
mod decide;
mod edits;
mod facts;
mod fingerprint;
mod gate;
mod guard;
mod inbound;
mod named_headers;
mod needs;
mod outbound;
mod path;
mod percent;
mod request;
mod served;
mod several;
mod start_limit;
mod task_index;
mod time;
mod unsafe_headers;

pub mod denial;
pub mod keys;
pub mod permit;
pub mod replay_record;
pub mod step;
pub mod switch;
pub mod synthetic;
pub mod token;
pub mod verdict;

pub use decide::decide;
pub use denial::{Code, Denial, ProxyError};
pub use facts::{Facts, Header, Listener, MAX_HEADERS, Randomness, request_headers};
pub use gate::{Gate, GateError};
pub use guard::{Fault, GuardFailure};
pub use inbound::{JudgedStep, OpenTransition, inbound, judge_step};
pub use needs::Needs;
pub use outbound::{Onward, scrub_answer};
pub use path::{CanonicalPath, PathError};
pub use time::{Clock, UnixTime, UnixTimeError};
pub use verdict::Verdict;
